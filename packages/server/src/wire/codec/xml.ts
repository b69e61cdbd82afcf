import { SaxesParser } from 'saxes';
import { refuse } from '../common-errors.ts';
import { checkDepth } from './scalars.ts';

export interface XmlElement {
  /** Without a namespace prefix. */
  readonly name: string;
  /** As written, prefix included: `xsi:type`. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

/** Parses a document. Document types, and so entities of one's own, are refused. */
export function parseXml(text: string): XmlElement {
  const parser = new SaxesParser();
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  parser.on('error', broken);
  parser.on('doctype', broken);
  parser.on('opentag', (tag) => {
    checkDepth(open.length);
    const element: XmlElement = { name: tag.name.slice(tag.name.indexOf(':') + 1), attributes: tag.attributes, children: [], text: '' };
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  const add = (more: string): void => {
    open.at(-1)!.text += more;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.write(text).close();
  return root.children[0] ?? broken();
}

function broken(): never {
  throw refuse('SerializationException', 'The XML you provided was not well-formed or did not validate against our published schema');
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Control characters, which keys of S3 may hold, go out as references, as S3 sends them. */
export function escapeXml(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[&<>"\u0000-\u0008\u000b-\u001f\u0085\u2028]/g, (character) => ESCAPES[character] ?? `&#x${character.charCodeAt(0).toString(16)};`);
}
