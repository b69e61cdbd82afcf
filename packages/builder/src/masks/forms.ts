/** Shorter values are not masked: they would tear ordinary words apart. */
export const SHORTEST_SECRET = 6;

/** `base64` of coreutils breaks its lines at 76 characters, PEM files at 64. */
const WRAPPED_AT = [76, 64];

/**
 * The texts as which a secret may appear in a log: itself, each of its lines, and both encoded as base64 (with both
 * alphabets, wherever it begins in what is encoded), for URLs and as JSON. Other encodings, a secret cut into pieces and
 * one turned round are not found.
 */
export function secretForms(secret: string): string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  const plain = [...new Set([secret, secret.trim(), ...lines])].filter((text) => text.length >= SHORTEST_SECRET);
  const forms = plain.flatMap((text) => [text, ...base64Forms(text), ...urlForms(text), ...jsonForms(text)]);
  return [...new Set(forms)].filter((text) => text.length >= SHORTEST_SECRET);
}

/**
 * What of the base64 of `…secret…` depends on the secret alone, for the three ways in which its bytes can lie among the
 * groups of three. The first and the last characters also hold bits of the neighbours, so they stay in sight.
 */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text);
  const aligned = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64').replace(/=+$/, '');
    const from = Math.ceil((before * 8) / 6);
    const until = Math.floor(((before + bytes.length) * 8) / 6);
    return encoded.slice(from, until);
  });
  const whole = bytes.toString('base64');
  const wrapped = WRAPPED_AT.filter((width) => whole.length > width).flatMap((width) => whole.match(new RegExp(`.{1,${width}}`, 'g')) ?? []);
  return [...aligned, whole, whole.replace(/=+$/, ''), ...wrapped].flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

function urlForms(text: string): string[] {
  // A lone surrogate cannot be written as a URL.
  if (/\p{Surrogate}/u.test(text)) return [];
  const component = encodeURIComponent(text);
  const strict = component.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const forms = [component, strict, encodeURI(text), strict.replaceAll('%20', '+'), strict.replaceAll('%20', '+').replaceAll('~', '%7E'), strict.replaceAll('%2F', '/')];
  return forms.flatMap((form) => [form, form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

function jsonForms(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const ascii = json.replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return [json, ascii, json.replaceAll('/', '\\/'), ascii.replaceAll('/', '\\/'), JSON.stringify(json).slice(1, -1)];
}
