/** Ties a sealed secret to the provider it belongs to: sealed for one, it opens for no other. */
export const sealContext = ({ scope, code }: { readonly scope: string; readonly code: string }): string =>
  `provider/${scope}/${code}`;
