/** The members of a secret that is a JSON object; none of any other, which is what its readers then say. */
export function secretFields(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text ?? '');
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
  } catch {
    // Not JSON. The parser's own error would quote the secret.
    return {};
  }
}
