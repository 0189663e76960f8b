/**
 * Several processes that serve one address: `WORKERS`.
 */
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'

const second = 1000

/** Messages from the primary process to a worker. */
type Order = 'stop' | 'retire' | 'end'

/** Sent by a worker that ends, and sent back by the primary process: see `handOver`. */
const handedOver = 'handed over'

/** The exit code of a worker that could not start. The primary process then ends too. */
const startFailed = 1

/**
 * Runs the primary process: starts the workers, replaces one that dies, replaces all one after the
 * other on SIGHUP, and stops them on SIGTERM or SIGINT. Resolves with the exit code.
 *
 * @param count Workers, 2 or more.
 */
export async function runWorkers(count: number, { log, error }: Pick<Console, 'log' | 'error'>): Promise<number> {
  const pool = new WorkerPool(error)
  const announcing = pool.start({ ANNOUNCES: 'yes' })
  if (!(await isListening(announcing))) return startFailed
  const others = Array.from({ length: count - 1 }, () => pool.start())
  await Promise.all(others.map(isListening))
  process.on('SIGHUP', () => {
    log('SIGHUP: replacing the workers one after the other')
    pool.replaceAll().then(
      () => log('SIGHUP: all workers are new'),
      (reason: unknown) => error(reason),
    )
  })
  const { promise: stopped, resolve } = Promise.withResolvers<number>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (!pool.stopping) log(`${signal}: finishing pending requests; a second signal ends them`)
      pool.stop(pool.stopping ? 'end' : 'stop').then(resolve)
    })
  }
  // Printed last: a program that reads it may send a signal at once.
  log(`  ${count} worker processes`)
  return stopped
}

class WorkerPool {
  readonly #error: (message: string) => void
  readonly #workers = new Set<Worker>()
  #replacing: Promise<void> = Promise.resolve()
  #stopped: Promise<number> | undefined

  constructor(error: (message: string) => void) {
    this.#error = error
  }

  get stopping(): boolean {
    return this.#stopped !== undefined
  }

  start(environment: Readonly<Record<string, string>> = {}): Worker {
    const worker = cluster.fork(environment)
    this.#workers.add(worker)
    worker.on('message', (message) => {
      if (message === handedOver) tell(worker, handedOver)
    })
    let listened = false
    worker.once('listening', () => {
      listened = true
    })
    worker.once('exit', (code, signal) => {
      const wanted = !this.#workers.delete(worker)
      if (wanted || this.stopping || !listened) return
      this.#error(`worker ${worker.process.pid} ended with ${signal ?? code}; starting another one`)
      // At most one in a second, so that a fault of every worker does not keep the machine busy.
      setTimeout(() => {
        if (!this.stopping) this.start()
      }, second)
    })
    return worker
  }

  /** Each new worker listens before the old one stops, so that no request is refused. */
  replaceAll(): Promise<void> {
    this.#replacing = this.#replacing.then(async () => {
      for (const old of [...this.#workers]) {
        if (this.stopping) return
        if (!(await isListening(this.start()))) throw new Error('a new worker could not start; the others stay')
        this.#workers.delete(old)
        tell(old, 'retire')
      }
    })
    return this.#replacing
  }

  /** Resolves with the exit code: 0 when every worker has finished its requests. */
  stop(order: Order): Promise<number> {
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
    this.#stopped ??= Promise.all(workers.map((worker) => once(worker, 'exit'))).then((exits) =>
      exits.every(([code]) => code === 0) ? 0 : 1,
    )
    for (const worker of workers) tell(worker, order)
    return this.#stopped
  }
}

/**
 * Sends a message to a worker. One that ends at that moment needs none; without the callback, a
 * message that cannot be sent would be an `error` event.
 */
function tell(worker: Worker, message: Order | typeof handedOver): void {
  worker.process.send(message, () => undefined)
}

/** Whether a worker that was started listens; false when it has ended instead. */
async function isListening(worker: Worker): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  worker.once('listening', () => resolve(true))
  worker.once('exit', () => resolve(false))
  return promise
}

/** Whether this process prints what it serves. */
export const announces = (): boolean => cluster.isPrimary || process.env['ANNOUNCES'] === 'yes'

/**
 * In a worker that no longer listens: resolves when the primary process has taken back every
 * connection that it had sent before it knew that. A worker that ends earlier takes them with it,
 * and their clients wait for a response until they give up.
 */
export async function handOver(): Promise<void> {
  // Messages keep their order. After the first response, all connections have come, and each was
  // refused; after the second one, the primary process has read the refusals.
  for (let trip = 0; trip < 2 && cluster.isWorker && process.connected; trip++) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const receive = (message: unknown) => message === handedOver && resolve()
    process.on('message', receive)
    process.once('disconnect', resolve)
    process.send?.(handedOver, undefined, undefined, (error) => error && resolve())
    await promise
    process.off('message', receive)
    process.off('disconnect', resolve)
  }
}

/**
 * Calls `stop` when this process has to end: on a signal, or, in a worker, on a message from the
 * primary process or after its end. `retire` means that another worker has replaced this one. A
 * second signal ends the process at once.
 */
export function onStop(stop: (why: string) => Promise<void>): void {
  let stopping = false
  const handle = (why: string, code: number) => {
    if (stopping) process.exit(code)
    stopping = true
    void stop(why)
  }
  if (cluster.isPrimary) {
    process.on('SIGTERM', () => handle('SIGTERM', 143))
    process.on('SIGINT', () => handle('SIGINT', 130))
    return
  }
  // A terminal sends SIGINT to every process of a program; the primary's order is what counts.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('message', (order: Order) => {
    if (order === 'end') process.exit(startFailed)
    if (!stopping) handle(order, startFailed)
  })
  process.once('disconnect', () => {
    if (!stopping) handle('the primary process ended', startFailed)
  })
}
