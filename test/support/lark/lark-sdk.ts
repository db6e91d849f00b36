import { createRequire } from 'node:module';

/** What the API answers, as the vendor's SDK hands it on. */
export interface SdkAnswer {
  readonly code: number;
  readonly msg: string;
  // What a body holds is what the tests are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly data?: any;
}

type SdkCall = (payload?: object) => Promise<SdkAnswer>;

/** As much of the SDK's client as the tests call. */
export interface SdkClient {
  readonly approval: {
    readonly v4: {
      readonly approval: {
        readonly get: SdkCall;
        readonly subscribe: SdkCall;
        readonly unsubscribe: SdkCall;
      };
      readonly instance: {
        readonly create: SdkCall;
        readonly get: SdkCall;
        readonly list: SdkCall;
        readonly cancel: SdkCall;
      };
      readonly task: { readonly approve: SdkCall; readonly reject: SdkCall; readonly transfer: SdkCall };
      readonly externalApproval: { readonly create: SdkCall };
      readonly externalInstance: { readonly create: SdkCall };
    };
  };
  readonly im: { readonly v1: { readonly message: { readonly create: SdkCall } } };
}

interface Sdk {
  readonly Client: new (options: object) => SdkClient;
  readonly AESCipher: new (key: string) => { decrypt(sealed: string): string };
  readonly DefaultCache: new () => object;
}

/**
 * The vendor's SDK, in this one place. It is required rather than imported: its declarations are 17.6 MB, and the type
 * check of the whole project would read them.
 */
const require = createRequire(import.meta.url);
const sdk = require('@larksuiteoapi/node-sdk') as Sdk;

const ignore = (): void => undefined;

/** A client of the SDK with a cache of its own; by default all clients share one. */
export const sdkClient = (
  app: { readonly appId: string; readonly appSecret: string },
  domain: string,
): SdkClient =>
  new sdk.Client({
    appId: app.appId,
    appSecret: app.appSecret,
    domain,
    cache: new sdk.DefaultCache(),
    logger: { error: ignore, warn: ignore, info: ignore, debug: ignore, trace: ignore },
  });

/** What the SDK reads of something encrypted. @throws Error when it cannot */
export const sdkDecrypt = (sealed: string, key: string): string => new sdk.AESCipher(key).decrypt(sealed);
