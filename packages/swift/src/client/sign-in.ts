/** Sessions: one for all requests, renewed before it expires and after the service rejects it. */
import { StorageError } from '@stowage/core/provider'

/** The result of a sign-in. */
export interface Session {
  /** The account's URL, without a trailing slash: `https://…/v1/AUTH_…`. */
  readonly endpoint: string
  readonly token: string
  readonly expires: Date
}

/** A way to sign in. */
export interface SignIn {
  /**
   * Gets a new token in each call. Rejects with a `StorageError`, and with `UNAUTHENTICATED` if the
   * credentials are wrong.
   */
  authenticate(signal: AbortSignal): Promise<Session>
}

/** Milliseconds before its expiry at which a token is renewed at the earliest. */
const renewalMargin = 5 * 60_000
/**
 * Milliseconds for which a token is used that has already expired by this machine's clock when it
 * is issued.
 */
const unknownLifetime = 60_000
/** Milliseconds that a sign-in may take. */
const timeout = 60_000

/** Signs in once at a time. All callers share the session. */
export class Sessions {
  readonly #signIn: SignIn
  readonly #closing = new AbortController()
  #current: { readonly session: Session; readonly renewAt: number } | undefined
  #pending: Promise<Session> | undefined

  constructor(signIn: SignIn) {
    this.#signIn = signIn
  }

  /**
   * Returns a valid session. The signal ends only the wait, not the sign-in, for which other
   * callers may wait too.
   */
  async current(signal: AbortSignal): Promise<Session> {
    if (this.#current !== undefined && Date.now() < this.#current.renewAt) return this.#current.session
    this.#pending ??= this.#authenticate().finally(() => {
      this.#pending = undefined
    })
    return untilAborted(this.#pending, signal)
  }

  /**
   * Discards a session that the service rejected. The next caller signs in again, unless another
   * one already did.
   */
  discard(session: Session): void {
    if (this.#current?.session === session) this.#current = undefined
  }

  close(): void {
    this.#closing.abort(new StorageError('CLOSED', 'the storage was closed'))
  }

  async #authenticate(): Promise<Session> {
    const session = await this.#signIn.authenticate(
      AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeout)]),
    )
    const now = Date.now()
    const lifetime = session.expires.getTime() - now
    const renewAt = lifetime > 0 ? now + lifetime - Math.min(renewalMargin, lifetime / 10) : now + unknownLifetime
    this.#current = { session, renewAt }
    return session
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: settled, resolve, reject } = Promise.withResolvers<T>()
  const onAbort = () => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  promise.then(resolve, reject)
  return settled.finally(() => signal.removeEventListener('abort', onAbort))
}
