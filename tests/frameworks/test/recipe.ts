/**
 * The programs of docs/frameworks.md, run as a reader would: each in a process and a project of its
 * own, in which the packages are installed as they are published.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { promisify } from 'node:util'
import { Installation } from '../../packages/src/installation.ts'

const project = join(import.meta.dirname, '..')
export const page = await readFile(join(project, '..', '..', 'docs', 'frameworks.md'), 'utf8')
const manifest = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as {
  devDependencies: Record<string, string>
}

/** Sources by the paths of their files. Those of an application are in a folder of its name. */
export function readRecipes(): ReadonlyMap<string, string> {
  const blocks = page.matchAll(/^```js (\S+)\n(.*?)^```$/gms)
  return new Map(Array.from(blocks, ([, name = '', source = '']) => [name, source]))
}

/**
 * Installs the packages of this workspace as they are published, and the frameworks next to them.
 */
export async function install(): Promise<Installation> {
  const names = Object.keys(manifest.devDependencies)
  const packages = names.filter((name) => name.startsWith('@stowage/'))
  const installation = await Installation.create({ packages, copies: true })
  const dependencies = Object.fromEntries(names.map((name) => [name, '*']))
  await writeFile(join(installation.directory, 'package.json'), JSON.stringify({ type: 'module', dependencies }))
  for (const name of names) {
    if (!packages.includes(name)) await installation.link(name, project)
  }
  return installation
}

export interface Recipe extends AsyncDisposable {
  /** Of the server, without a slash at its end. */
  readonly origin: string
  /** Where it runs. */
  readonly directory: string
  readonly process: ChildProcess
}

/** The program that runs a recipe, and its options before the name of the file. */
export function runtimeOf(name: string): readonly [program: string, ...options: string[]] {
  const installed = join(project, '..', '..', 'node_modules')
  if (name.startsWith('bun')) {
    return [join(installed, `@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}/bin/bun`)]
  }
  if (name.startsWith('deno')) {
    return [
      join(installed, `@deno/linux-${process.arch}-glibc/deno`),
      'run',
      '--allow-all',
      '--node-modules-dir=manual',
    ]
  }
  return [process.execPath]
}

/** Bun and Deno are optional dependencies of the workspace, which exist only for Linux. */
export const canRun = (name: string): boolean => existsSync(runtimeOf(name)[0])

/** How a recipe is run, if not as its name says. */
interface RecipeOptions {
  /** The runtime, and its options. */
  readonly command?: readonly [program: string, ...options: string[]]
  /** The packages that its imports find, each by the name of a dependency of these tests. */
  readonly aliases?: Readonly<Record<string, string>>
}

/** Starts a program on a free port in place of 3000, and waits until it accepts connections. */
export async function startRecipe(
  installation: Installation,
  name: string,
  source: string,
  { command = runtimeOf(name), aliases = {} }: RecipeOptions = {},
): Promise<Recipe> {
  const port = await freePort()
  const directory = join(installation.directory, name.replace(/\W/g, '-'))
  await mkdir(join(directory, 'node_modules'), { recursive: true })
  for (const [imported, dependency] of Object.entries(aliases)) {
    await symlink(
      await realpath(join(installation.directory, 'node_modules', dependency)),
      join(directory, 'node_modules', imported),
    )
  }
  const isHttps = name.endsWith('https.mjs')
  if (isHttps) await writeCertificate(directory)
  await writeFile(join(directory, name), source.replace('3000', String(port)))
  const [program, ...options] = command
  return start(program, [...options, name], { cwd: directory, port, scheme: isHttps ? 'https' : 'http' })
}

/** Builds the application in a folder of the recipes, as its framework does, and starts it. */
export async function startApplication(
  installation: Installation,
  name: 'next' | 'sveltekit',
  recipes: ReadonlyMap<string, string>,
): Promise<Recipe> {
  const directory = join(installation.directory, name)
  const files = [...recipes].filter(([path]) => path.startsWith(`${name}/`))
  for (const [path, source] of [...files, ...(await filesIn(join(project, 'applications', name)))]) {
    await mkdir(dirname(join(installation.directory, path)), { recursive: true })
    await writeFile(join(installation.directory, path), source)
  }
  const port = await freePort()
  const env = { ...process.env, HOST: '127.0.0.1', HOSTNAME: '127.0.0.1', PORT: String(port) }
  if (name === 'sveltekit') {
    await build(join(installation.directory, 'node_modules/vite/bin/vite.js'), directory)
    return start(process.execPath, ['build'], { cwd: directory, port, env: { ...env, BODY_SIZE_LIMIT: 'Infinity' } })
  }
  // The root of the project, which Next.js looks for, is where the packages are.
  await writeFile(join(installation.directory, 'package-lock.json'), '{}')
  await build(join(installation.directory, 'node_modules/next/dist/bin/next'), directory)
  // What `output: 'standalone'` has written is all that is deployed.
  const deployed = await mkdtemp(join(tmpdir(), 'stowage-next-'))
  await cp(join(directory, '.next', 'standalone'), deployed, { recursive: true, verbatimSymlinks: true })
  const recipe = await start(process.execPath, ['server.js'], { cwd: join(deployed, 'next'), port, env })
  return {
    ...recipe,
    async [Symbol.asyncDispose]() {
      await recipe[Symbol.asyncDispose]()
      await rm(deployed, { recursive: true })
    },
  }
}

async function build(program: string, cwd: string): Promise<void> {
  // vitest sets another NODE_ENV.
  const env = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' }
  await promisify(execFile)(process.execPath, [program, 'build'], { cwd, env })
}

async function filesIn(directory: string): Promise<[path: string, source: string][]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(
    paths.map(async (path) => [relative(join(directory, '..'), path), await readFile(path, 'utf8')] as const),
  ) as Promise<[string, string][]>
}

/** Writes a certificate for 127.0.0.1, which this process trusts. */
async function writeCertificate(directory: string): Promise<void> {
  const options = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem -out cert.pem'
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  await promisify(execFile)('openssl', ['req', ...options.split(' '), ...names], { cwd: directory })
  const certificate = await readFile(join(directory, 'cert.pem'), 'utf8')
  setDefaultCACertificates([...getCACertificates('default'), certificate])
}

interface Start {
  readonly cwd: string
  readonly port: number
  readonly scheme?: 'http' | 'https'
  readonly env?: NodeJS.ProcessEnv
}

/** Starts a program that serves at a port, and waits until it accepts connections. */
async function start(program: string, args: readonly string[], options: Start): Promise<Recipe> {
  const { cwd, port, scheme = 'http', env = process.env } = options
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => output.push(text))
  const origin = `${scheme}://127.0.0.1:${port}`
  while (!(await accepts(origin))) {
    if (child.exitCode !== null) throw new Error(`${args.join(' ')} ended:\n${output.join('')}`)
    await delay(25)
  }
  return {
    origin,
    directory: cwd,
    process: child,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

async function accepts(url: string): Promise<boolean> {
  try {
    await fetch(url, { signal: AbortSignal.timeout(5000) })
    return true
  } catch (error) {
    const { name, cause } = error as { readonly name: string; readonly cause?: { readonly code?: string } }
    // `fetch` cannot read the responses of a server that speaks only HTTP/2.
    return name !== 'TimeoutError' && cause?.code !== 'ECONNREFUSED'
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
