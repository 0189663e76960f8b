import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { freePort } from '../hosting/ports.js'

export interface IdleClosingProxy {
  /** The server's URL, through the proxy. */
  readonly endpoint: string
  /**
   * Blocks the event loop until the proxy has closed every connection: as in a process that was
   * frozen or busy, no timer fires and nothing is read from a socket until then.
   */
  blockUntilClosed(): void
  stop(): Promise<void>
}

interface ProxyData {
  readonly kind: 'idle-closing-proxy'
  readonly port: number
  readonly target: string
  /** Connections made, and closed. */
  readonly counts: Int32Array
}

/** Milliseconds that a connection stays open after a response. */
const idleTime = 200

/**
 * A proxy in front of a server (`http://host:port`) that closes connections which are not reused
 * soon after a response, as services do. It runs in a worker thread, so that it also does while the
 * test blocks the event loop.
 */
export async function startIdleClosingProxy(target: string): Promise<IdleClosingProxy> {
  const port = await freePort()
  const counts = new Int32Array(new SharedArrayBuffer(8))
  const data: ProxyData = { kind: 'idle-closing-proxy', port, target, counts }
  const worker = new Worker(new URL(import.meta.url), { workerData: data })
  await once(worker, 'message')
  return {
    endpoint: `http://127.0.0.1:${port}`,
    blockUntilClosed() {
      for (;;) {
        const closed = Atomics.load(counts, 1)
        if (closed === Atomics.load(counts, 0)) return
        Atomics.wait(counts, 1, closed)
      }
    },
    async stop() {
      await worker.terminate()
    },
  }
}

function serve({ port, target, counts }: ProxyData): void {
  const { hostname, port: targetPort } = new URL(target)
  const server = createServer((client) => {
    Atomics.add(counts, 0, 1)
    const upstream = connect(Number(targetPort), hostname)
    let idle: NodeJS.Timeout | undefined
    client.on('data', () => clearTimeout(idle)).pipe(upstream)
    upstream
      .on('data', () => {
        clearTimeout(idle)
        idle = setTimeout(() => client.end(), idleTime)
      })
      .pipe(client)
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy())
    upstream.on('error', () => client.destroy()).on('close', () => client.end())
    const count = () => {
      Atomics.add(counts, 1, 1)
      Atomics.notify(counts, 1)
    }
    // From then on the other side can learn of it.
    client.once('finish', count).once('close', () => client.writableFinished || count())
  })
  server.listen(port, '127.0.0.1', () => parentPort?.postMessage('listening'))
}

if (!isMainThread && workerData?.kind === 'idle-closing-proxy') serve(workerData as ProxyData)
