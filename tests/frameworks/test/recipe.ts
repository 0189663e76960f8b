/**
 * The programs of docs/frameworks.md, run as a reader would: each in a process and an empty directory of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const project = join(import.meta.dirname, '..')
const document = join(project, '..', '..', 'docs', 'frameworks.md')

/** Sources by the names of their files. */
export async function readRecipes(): Promise<ReadonlyMap<string, string>> {
  const markdown = await readFile(document, 'utf8')
  const blocks = markdown.matchAll(/^```js (\S+)\n(.*?)^```$/gms)
  return new Map(Array.from(blocks, ([, name = '', source = '']) => [name, source]))
}

export interface Recipe extends AsyncDisposable {
  /** Of the server, without a slash at its end. */
  readonly origin: string
  readonly process: ChildProcess
}

/** Starts a program on a free port in place of 3000, and waits until it accepts connections. */
export async function startRecipe(name: string, source: string): Promise<Recipe> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-recipe-'))
  const port = await freePort()
  await symlink(join(project, 'node_modules'), join(directory, 'node_modules'), 'junction')
  await writeFile(join(directory, name), source.replace('3000', String(port)))
  const child = spawn(process.execPath, [name], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => output.push(text))
  const origin = `http://127.0.0.1:${port}`
  while (!(await accepts(origin))) {
    if (child.exitCode !== null) throw new Error(`${name} ended:\n${output.join('')}`)
    await delay(25)
  }
  return {
    origin,
    process: child,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

const accepts = (url: string) =>
  fetch(url, { signal: AbortSignal.timeout(1000) }).then(
    () => true,
    // A server of HTTP/2 alone responds with what `fetch` cannot read.
    (error: unknown) => error instanceof Error && String((error.cause as { code?: unknown }).code) !== 'ECONNREFUSED',
  )

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
