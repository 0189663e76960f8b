/** Makes a provider's class from modules of functions. */
import {
  type DirectUploadMethods,
  type HiddenFileMethods,
  type MovingMethods,
  type OriginMethods,
  providerMethods,
  type RequiredMethods,
  type RouterUrlMethods,
  type SigningMethods,
  type UploadMethods,
} from '../contract/provider.js'

type WithContext<Methods, Context> = {
  readonly [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Result
    ? (context: Context, ...args: Args) => Result
    : never
}

/**
 * The contract's methods as functions whose first parameter is the provider's context, such as its
 * connection. A module may export other functions too.
 */
export type ProviderCalls<Context> = WithContext<RequiredMethods, Context> &
  Partial<
    WithContext<
      MovingMethods &
        UploadMethods &
        HiddenFileMethods &
        SigningMethods &
        RouterUrlMethods &
        DirectUploadMethods &
        OriginMethods,
      Context
    >
  >

/** The contract's methods for which there is a function. */
export type MethodsOf<Calls> = RequiredMethods &
  (Calls extends { moveFile: unknown } ? MovingMethods : unknown) &
  (Calls extends { startUpload: unknown } ? UploadMethods : unknown) &
  (Calls extends { putHiddenFile: unknown } ? HiddenFileMethods : unknown) &
  (Calls extends { signUrl: unknown } ? SigningMethods : unknown) &
  (Calls extends { verifyUrl: unknown } ? RouterUrlMethods : unknown) &
  (Calls extends { signPart: unknown } ? DirectUploadMethods : unknown) &
  (Calls extends { allowOrigins: unknown } ? OriginMethods : unknown)

/** Holds the context that all methods of a provider share. */
export class ContextHolder<Context> {
  declare protected readonly context: Context

  constructor(context: Context) {
    // Not enumerable, so that inspecting a provider does not show the credentials of its context.
    Object.defineProperty(this, 'context', { value: context })
  }
}

/**
 * A class whose methods pass their arguments, after the provider's context, to the functions of the
 * same names. What a service cannot do is left out. Call it with the type of the context, then with
 * the functions.
 *
 * The second argument, `translate`, turns what a function threw into the error that the caller
 * gets. Default: the same error.
 *
 * @example
 * import * as containers from './containers.js'
 * import * as reader from './reader.js'
 *
 * const base = providerBase<Connection>()({ ...containers, ...reader })
 *
 * class MyProvider extends base {
 *   constructor(settings: Settings) {
 *     super(new Connection(settings))
 *   }
 * }
 */
export const providerBase =
  <Context>() =>
  <Calls extends ProviderCalls<Context>>(
    calls: Calls,
    translate?: (error: unknown) => unknown,
  ): (new (
    context: Context,
  ) => MethodsOf<Calls> & ContextHolder<Context>) => {
    class ProviderBase extends ContextHolder<Context> {}
    const rethrow = (error: unknown) => {
      throw translate?.(error)
    }
    for (const name of providerMethods) {
      const call = calls[name] as ((context: Context, ...args: unknown[]) => unknown) | undefined
      if (call === undefined) continue
      Object.defineProperty(ProviderBase.prototype, name, {
        configurable: true,
        writable: true,
        value(this: { readonly context: Context }, ...args: unknown[]) {
          const result = call(this.context, ...args)
          return translate === undefined ? result : (result as Promise<unknown>).catch(rethrow)
        },
      })
    }
    return ProviderBase as unknown as new (
      context: Context,
    ) => MethodsOf<Calls> & ContextHolder<Context>
  }
