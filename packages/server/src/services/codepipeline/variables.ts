/** `#{Namespace.Name}` in an action's configuration. */
const REFERENCE = /#\{([A-Za-z0-9@\-_]+)\.([A-Za-z0-9@\-_]+)\}/g;

export type Namespaces = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function references(text: string): { namespace: string; name: string }[] {
  return [...text.matchAll(REFERENCE)].map(([, namespace, name]) => ({ namespace: namespace as string, name: name as string }));
}

/** A variable that the execution does not have. */
export class UnresolvedVariable extends Error {
  override readonly name = 'UnresolvedVariable';
}

/** The configuration with each reference replaced. @throws UnresolvedVariable */
export function resolve(configuration: Readonly<Record<string, string>>, namespaces: Namespaces): Record<string, string> {
  const replace = (text: string): string => text.replace(REFERENCE, (reference, namespace: string, name: string) => {
    const value = Object.hasOwn(namespaces, namespace) ? namespaces[namespace] : undefined;
    if (value === undefined || !Object.hasOwn(value, name)) throw new UnresolvedVariable(`An action configuration variable could not be resolved: ${reference}`);
    return value[name] as string;
  });
  return Object.fromEntries(Object.entries(configuration).map(([key, text]) => [key, replace(text)]));
}
