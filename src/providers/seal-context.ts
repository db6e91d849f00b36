interface Owned {
  readonly scope: string;
  readonly code: string;
}

/** Ties a sealed secret to the provider it belongs to: sealed for one, it opens for no other. */
export const sealContext = ({ scope, code }: Owned): string => `provider/${scope}/${code}`;

/** The same for the secrets of a vendor's app. */
export const credentialsContext = ({ scope, code }: Owned): string => `provider-credentials/${scope}/${code}`;
