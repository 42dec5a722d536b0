/**
 * Reads a document as strictly as a browser reads SVG: well-formed XML 1.0 without a document type. Throws where it is not.
 * Returns the texts of its elements, in order.
 */
export function textsOfXml(document: string): readonly string[] {
  const open: string[] = [];
  const texts: string[] = [];
  let roots = 0;
  let at = 0;
  while (at < document.length) {
    const rest = document.slice(at);
    const found =
      /^<(\/?)([A-Za-z_][\w:.-]*)((?:\s+[A-Za-z_][\w:.-]*="[^"<&]*")*)\s*(\/?)>|^(?:[^<&]|&(?:amp|lt|gt|quot|apos|#\d+);)+/.exec(
        rest,
      );
    if (found === null) throw new Error(`No XML: ${rest.slice(0, 60)}`);
    const [whole, closes, name, attributes = '', isEmpty] = found;
    at += whole.length;
    if (name === undefined) {
      if (open.length === 0 && whole.trim() !== '')
        throw new Error(`Text beside the root: ${whole.trim().slice(0, 60)}`);
      if (whole.trim() !== '') texts.push(whole.trim());
      continue;
    }
    const names = [...attributes.matchAll(/([\w:.-]+)="/g)].map(([, attribute]) => attribute);
    if (new Set(names).size !== names.length) throw new Error(`An attribute twice: ${whole}`);
    if (closes === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes what is not open`);
    } else {
      if (open.length === 0) roots += 1;
      if (isEmpty !== '/') open.push(name);
    }
  }
  if (open.length > 0 || roots !== 1) throw new Error(`${roots} roots, and never closed: ${open.join(' ')}`);
  return texts;
}
