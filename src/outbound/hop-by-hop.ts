/** Header fields as on the wire, in their sequence; names in lower case, a name may come more than once. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** What concerns one connection and not the message (RFC 9110, 7.6.1), and what is agreed upon for it (`expect`). */
const ofTheConnection = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The header fields of a message without those that belong to the connection it came over. */
export function endToEnd(fields: Fields): Fields {
  const named = fields.filter(([name]) => name === 'connection').flatMap(([, value]) => value.split(','));
  const listed = new Set(named.map((name) => name.trim().toLowerCase()));
  return fields.filter(([name]) => !ofTheConnection.has(name) && !listed.has(name));
}
