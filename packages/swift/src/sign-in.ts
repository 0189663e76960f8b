/**
 * Who we are to the service: one session, shared by all requests, renewed before its end and after a refusal.
 */
import { StorageError } from '@stowage/core/provider'

/** What a sign-in gives. */
export interface Session {
  /** The account's URL, without a slash at its end: `https://…/v1/AUTH_…`. */
  readonly endpoint: string
  readonly token: string
  readonly expires: Date
}

/** A way to sign in. */
export interface SignIn {
  /** Asks for a new token each time it is called. Rejects with a `StorageError`; `UNAUTHENTICATED` when the credentials are wrong. */
  authenticate(signal: AbortSignal): Promise<Session>
}

/** Milliseconds: the longest time before its end at which a token is renewed. */
const margin = 5 * 60_000
/** Milliseconds: how long a token is used whose end, by this machine's clock, is past when it is given out. */
const unknownLifetime = 60_000
/** Milliseconds that a sign-in may take. */
const patience = 60_000

/** One sign-in at a time, whose session all callers share. */
export class Sessions {
  readonly #signIn: SignIn
  readonly #closing = new AbortController()
  #current: { readonly session: Session; readonly renewAt: number } | undefined
  #pending: Promise<Session> | undefined

  constructor(signIn: SignIn) {
    this.#signIn = signIn
  }

  /** A session that is good for a while. The signal ends the waiting, not the sign-in, which others may wait for too. */
  async current(signal: AbortSignal): Promise<Session> {
    if (this.#current !== undefined && Date.now() < this.#current.renewAt) return this.#current.session
    this.#pending ??= this.#authenticate().finally(() => {
      this.#pending = undefined
    })
    return whileNotAborted(this.#pending, signal)
  }

  /** The service has refused this session: the next caller signs in again, unless somebody already did. */
  discard(session: Session): void {
    if (this.#current?.session === session) this.#current = undefined
  }

  close(): void {
    this.#closing.abort(new StorageError('CLOSED', 'the storage was closed'))
  }

  async #authenticate(): Promise<Session> {
    const session = await this.#signIn.authenticate(
      AbortSignal.any([this.#closing.signal, AbortSignal.timeout(patience)]),
    )
    const now = Date.now()
    const lifetime = session.expires.getTime() - now
    const renewAt = lifetime > 0 ? now + lifetime - Math.min(margin, lifetime / 10) : now + unknownLifetime
    this.#current = { session, renewAt }
    return session
  }
}

function whileNotAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: settled, resolve, reject } = Promise.withResolvers<T>()
  const onAbort = () => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  promise.then(resolve, reject)
  return settled.finally(() => signal.removeEventListener('abort', onAbort))
}
