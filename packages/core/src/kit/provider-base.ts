/**
 * A provider's class, made from modules of functions.
 */
import { providerMethods, type StorageProvider } from '../contract/provider.js'

/** The methods of a provider. */
export interface ProviderMethods extends Omit<StorageProvider, 'name' | 'capabilities' | 'native'> {}

/** The calls of the contract as functions whose first parameter is the provider's context, such as its connection. */
export type ProviderCalls<Context> = {
  readonly [Name in keyof ProviderMethods]: NonNullable<ProviderMethods[Name]> extends (
    ...args: infer Args
  ) => infer Result
    ? (context: Context, ...args: Args) => Result
    : never
}

/** What all methods of a provider share. */
export class ContextHolder<Context> {
  declare protected readonly context: Context

  constructor(context: Context) {
    // Not enumerable: a provider may be inspected, and a context holds credentials.
    Object.defineProperty(this, 'context', { value: context })
  }
}

/**
 * A class whose methods pass their arguments, after its context, to the functions of the same names.
 * What a service cannot do is left out.
 *
 * @param translate Turns what a function threw into the error that the caller gets. Default: the same error.
 *
 * @example
 * import * as containers from './containers.js'
 * import * as reader from './reader.js'
 *
 * class MyProvider extends providerBase<Connection>({ ...containers, ...reader }) {
 *   constructor(settings: Settings) {
 *     super(new Connection(settings))
 *   }
 * }
 */
export function providerBase<Context>(
  calls: ProviderCalls<Context>,
  translate?: (error: unknown) => unknown,
): new (
  context: Context,
) => ProviderMethods & ContextHolder<Context> {
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
  return ProviderBase as unknown as ReturnType<typeof providerBase<Context>>
}
