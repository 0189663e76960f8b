/**
 * Packages, by the project's own package manager.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { resolveCommand } from 'package-manager-detector/commands'
import { detect } from 'package-manager-detector/detect'
import { exists, readEntries } from './data-source-file.js'
import { exitCodes } from './exit-codes.js'
import { CommandFailure, isSystemError, messageOf } from './failures.js'
import type { Terminal } from './terminal.js'

/** What puts packages into a project. */
export interface Installation {
  readonly packages: readonly string[]
  readonly command: string
  readonly args: readonly string[]
  /** The project's directory. */
  readonly directory: string
}

/** Whether an application in the directory finds the package. */
export function isInstalled(name: string, directory: string): boolean {
  try {
    createRequire(join(directory, 'datasources.json')).resolve(name)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return false
    throw error
  }
}

/** How the project installs packages, by its lock file or its `package.json`, here or further up; npm when nothing tells. */
export async function installationOf(packages: readonly string[], directory: string): Promise<Installation> {
  const project = (await projectDirectory(directory)) ?? directory
  const agent = (await detect({ cwd: project }))?.agent ?? 'npm'
  const resolved = resolveCommand(agent, 'add', [...packages])
  if (resolved === null) throw new CommandFailure(exitCodes.failed, `${agent} cannot add a package`)
  return { packages, ...resolved, directory: project }
}

/** Runs the package manager, whose words go to the standard error. It has ended when this settles. */
export async function install({ command, args, directory }: Installation, terminal: Terminal, signal: AbortSignal) {
  const line = [command, ...args].join(' ')
  terminal.say(line)
  // The names of the packages are fixed, so that a shell, which npm needs on Windows, has nothing to misread.
  const child = spawn(command, args, { cwd: directory, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  const stop = () => child.kill()
  signal.addEventListener('abort', stop)
  try {
    const [code] = await once(child, 'close')
    if (code !== 0) throw new CommandFailure(exitCodes.failed, `${line} failed${code === null ? '' : ` with ${code}`}`)
  } catch (error) {
    throw isSystemError(error) ? new CommandFailure(exitCodes.failed, `${line}: ${messageOf(error)}`) : error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Whether the project is one of LoopBack 3, which reads `datasources.json` by itself. */
export async function isLoopBack(directory: string): Promise<boolean> {
  const project = await projectDirectory(directory)
  if (project === undefined) return false
  const dependencies = (await readEntries(join(project, 'package.json'))).get('dependencies')
  return typeof dependencies === 'object' && dependencies !== null && Object.hasOwn(dependencies, 'loopback')
}

/** The nearest directory with a `package.json`, here or further up. */
async function projectDirectory(directory: string): Promise<string | undefined> {
  for (let place = directory; ; place = dirname(place)) {
    if (await exists(join(place, 'package.json'))) return place
    if (place === dirname(place)) return undefined
  }
}
