/**
 * Runs an example as a reader would: a process of its own, in an empty directory where the packages
 * are installed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const demo = join(import.meta.dirname, '..', '..')
const freePort = pathToFileURL(join(import.meta.dirname, 'free-port.mjs')).href

export interface Outcome {
  readonly code: number | null
  readonly output: string
  /** The status of the response to the test's request, if the example starts a server. */
  readonly status?: number
}

/**
 * Creates a directory with these files and the packages of the demo. Disposing of it deletes it.
 */
export async function readersDirectory(
  files: ReadonlyMap<string, string>,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'stowage-example-'))
  await symlink(join(demo, 'node_modules'), join(path, 'node_modules'), 'junction')
  for (const [name, content] of files) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), content)
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/**
 * Runs a program twice, as a reader does: until it ends, or, if it listens, until it has responded
 * to a request.
 */
export async function runProgram(source: string, files: ReadonlyMap<string, string>): Promise<readonly Outcome[]> {
  await using directory = await readersDirectory(new Map([...files, ['example.mjs', source]]))
  return [await runOnce(directory.path), await runOnce(directory.path)]
}

async function runOnce(cwd: string): Promise<Outcome> {
  const child = spawn(process.execPath, ['--import', freePort, 'example.mjs'], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const closed = once(child, 'close')
  const status = await Promise.race([statusOfServer(child), closed.then(() => undefined)])
  if (status !== undefined) child.kill()
  const [code] = await closed
  return { code: code as number | null, output, ...(status === undefined ? {} : { status }) }
}

async function statusOfServer(child: ChildProcess): Promise<number> {
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  const { status } = await fetch(`http://127.0.0.1:${port}/api/containers`)
  return status
}
