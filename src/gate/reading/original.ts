/** Header fields as on the wire, in their sequence; names in lower case, a name may come more than once. */
export type HeaderFields = readonly (readonly [name: string, value: string])[];

/** The head of a request as a client sent it to the system behind the gate, whatever proxy told us of it. */
export interface OriginalRequest {
  /** In upper case. */
  readonly method: string;
  /** In lower case; empty when nobody told it. */
  readonly host: string;
  /** As on the wire, encoded; begins with a slash, without the query. */
  readonly path: string;
  /** As on the wire, without the question mark; empty when there is none. */
  readonly query: string;
  readonly headers: HeaderFields;
}

/** The values of one header, in their sequence. @param name in lower case */
export const valuesOf = (headers: HeaderFields, name: string): string[] =>
  headers.flatMap(([key, value]) => (key === name ? [value] : []));
