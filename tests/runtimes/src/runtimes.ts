/** The runtimes besides the Node that runs the tests. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, nodes } from '../../packages/src/other-nodes.ts'

interface Runtime {
  readonly name: string
  /** The reason instead if it is not available here. */
  readonly command: Command | string
}

const installed = join(import.meta.dirname, '..', '..', '..', 'node_modules')

/** A program among the optional dependencies of the workspace, which exist only for Linux. */
function dependency(path: string, ...options: string[]): Command | string {
  const program = join(installed, path)
  return existsSync(program) ? [program, ...options] : `${path} is not installed`
}

const bun = `@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}/bin/bun`
const deno = `@deno/linux-${process.arch}-glibc/deno`

/** Whether to run every provider on every runtime, and not only two providers on Bun and Deno. */
export const runsAll = process.env['STOWAGE_TEST_RUNTIMES'] === 'all'

const otherNodes = runsAll ? nodes : []

export const runtimes: readonly Runtime[] = [
  ...(await Promise.all(otherNodes.map(async ({ name, find }) => ({ name, command: await find() })))),
  { name: 'Bun', command: dependency(bun) },
  { name: 'Deno', command: dependency(deno, 'run', '--allow-all') },
]
