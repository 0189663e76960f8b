/**
 * Installs packages with the project's package manager.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { resolveCommand } from 'package-manager-detector/commands'
import { detect } from 'package-manager-detector/detect'
import { exitCodes } from '../failures/exit-codes.js'
import { CommandFailure, Interruption, isSystemError, messageOf } from '../failures/failures.js'
import type { Terminal } from '../terminal/terminal.js'
import { exists, readEntries } from './data-source-file.js'

/** How packages are installed in a project. */
export interface Installation {
  readonly packages: readonly string[]
  readonly command: string
  readonly args: readonly string[]
  /** The project's directory. */
  readonly directory: string
}

/** Exits with 3 if the file of the first argument cannot load the module of the second. */
const searchProgram = `
  try {
    require('node:module').createRequire(process.argv[1]).resolve(process.argv[2])
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error
    process.exitCode = 3
  }`

/**
 * Whether an application in the directory can load the package. Checked in another process, because
 * Node caches that a package is missing, also after it was installed.
 */
export async function isInstalled(name: string, directory: string): Promise<boolean> {
  const args = ['--eval', searchProgram, join(directory, 'datasources.json'), name]
  try {
    await promisify(execFile)(process.execPath, args)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 3) return false
    throw error
  }
}

/**
 * Returns how the project installs packages, from its lock file or `package.json`, in this
 * directory or a parent. Default: npm.
 */
export async function installationOf(packages: readonly string[], directory: string): Promise<Installation> {
  const project = (await projectDirectory(directory)) ?? directory
  const agent = (await detect({ cwd: project }))?.agent ?? 'npm'
  const resolved = resolveCommand(agent, 'add', [...packages])
  if (resolved === null) throw new CommandFailure(exitCodes.failed, `${agent} cannot add a package`)
  return { packages, ...resolved, directory: project }
}

/** Runs the package manager, with its output on standard error. It has ended when this settles. */
export async function install({ command, args, directory }: Installation, terminal: Terminal, signal: AbortSignal) {
  const line = [command, ...args].join(' ')
  terminal.say(line)
  // npm needs a shell on Windows. The names of the packages are fixed, so nothing needs quoting.
  const child = spawn(command, args, { cwd: directory, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  const stop = () => child.kill()
  signal.addEventListener('abort', stop)
  try {
    const [code, endedBy] = await once(child, 'close')
    // Ctrl-C interrupts both processes, and the package manager may end first.
    if (endedBy === 'SIGINT') throw new Interruption('SIGINT')
    if (code !== 0) throw new CommandFailure(exitCodes.failed, `${line} failed${code === null ? '' : ` with ${code}`}`)
  } catch (error) {
    throw isSystemError(error) ? new CommandFailure(exitCodes.failed, `${line}: ${messageOf(error)}`) : error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Whether the project uses LoopBack 3, which reads `datasources.json` itself. */
export async function isLoopBack(directory: string): Promise<boolean> {
  const project = await projectDirectory(directory)
  if (project === undefined) return false
  const dependencies = (await readEntries(join(project, 'package.json'))).get('dependencies')
  return typeof dependencies === 'object' && dependencies !== null && Object.hasOwn(dependencies, 'loopback')
}

/** Returns the nearest directory with a `package.json`: this one or a parent. */
async function projectDirectory(directory: string): Promise<string | undefined> {
  for (let place = directory; ; place = dirname(place)) {
    if (await exists(join(place, 'package.json'))) return place
    if (place === dirname(place)) return undefined
  }
}
