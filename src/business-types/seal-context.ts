/** Ties a sealed secret to the business type it belongs to: sealed for one, it opens for no other. */
export const sealContext = ({ scope, code }: { readonly scope: string; readonly code: string }): string =>
  `business-type/${scope}/${code}`;
