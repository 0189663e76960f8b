import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers'
import { upstreamVersion, versionFormat } from './debian.js'
import { type Program, ServerGroup } from './server-group.js'

/** Milliseconds that a container may take to start. */
const patience = 60_000

/**
 * The image of a server: Debian with its packages. The engine keeps it for the next run, under a
 * name made from its content.
 */
async function buildImage(name: string, packages: readonly string[]): Promise<string> {
  const context = new URL('../../servers/image/', import.meta.url)
  const content = [await readFile(new URL('Dockerfile', context), 'utf8'), ...packages].join('\n')
  const image = `stowage-test-servers/${name}:${createHash('sha256').update(content).digest('hex').slice(0, 12)}`
  await GenericContainer.fromDockerfile(fileURLToPath(context))
    .withBuildArgs({ PACKAGES: packages.join(' ') })
    .build(image, { deleteOnExit: false })
    .catch((error: unknown) => {
      throw new Error(`the image ${image} could not be built; DEBUG=testcontainers:build shows why`, { cause: error })
    })
  return image
}

/**
 * A container whose ports are those of 127.0.0.1 under the same numbers, so that a URL is right
 * inside and outside.
 */
class LocalContainer extends GenericContainer {
  publish(ports: readonly number[]): this {
    const bound = ports.map((port) => [`${port}/tcp`, [{ HostIp: '127.0.0.1', HostPort: String(port) }]])
    this.createOpts.ExposedPorts = Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}]))
    this.hostConfig.PortBindings = Object.fromEntries(bound)
    return this
  }
}

export interface ContainerNeeds {
  readonly name: string
  readonly packages: readonly string[]
  readonly ports: readonly number[]
}

/** A server whose programs run in a container, which testcontainers ends with the tests. */
export class ContainerGroup extends ServerGroup {
  readonly directory = '/server'
  /** Of the container, whose published ports are all that this machine sees. */
  readonly address = '0.0.0.0'
  readonly account = { name: 'root', groupId: 0 }
  readonly cache = undefined
  protected readonly pause = 250
  readonly #container: StartedTestContainer
  #stopped = false

  private constructor(container: StartedTestContainer) {
    super()
    this.#container = container
  }

  static async create({ name, packages, ports }: ContainerNeeds): Promise<ContainerGroup> {
    await getContainerRuntimeClient().catch((cause: unknown) => {
      throw new Error('no Docker engine responds', { cause })
    })
    const container = await new LocalContainer(await buildImage(name, packages))
      .publish(ports)
      // Engines allow a billion open files, and programs in Python go through all of them.
      .withUlimits({ nofile: { soft: 4096, hard: 4096 } })
      // Nothing listens before programs are started.
      .withWaitStrategy(Wait.forSuccessfulCommand('true'))
      .withStartupTimeout(patience)
      .start()
    return new ContainerGroup(container)
  }

  async makeDirectories(...names: readonly string[]): Promise<void> {
    await this.#do('mkdir', '-m', '700', '-p', ...names.map((name) => this.#path(name)))
  }

  async write(name: string, text: string): Promise<void> {
    await this.#container.copyContentToContainer([{ content: text, target: this.#path(name), mode: 0o600 }])
  }

  async bring(file: URL): Promise<string> {
    const name = posix.basename(fileURLToPath(file))
    await this.write(name, await readFile(file, 'utf8'))
    return this.#path(name)
  }

  async versionOf(name: string): Promise<string> {
    return upstreamVersion(await this.#do('dpkg-query', '-W', '-f', versionFormat, name))
  }

  async start({ name, command, args, env = {} }: Program): Promise<void> {
    // Its end is recorded, since no process waits for it.
    const script = `("$@" >>"$0.log" 2>&1 </dev/null; echo "$?" >"$0.ended") >/dev/null 2>&1 </dev/null &`
    const { exitCode, output } = await this.#container.exec(['sh', '-c', script, this.#path(name), command, ...args], {
      env,
      workingDir: this.directory,
    })
    if (exitCode !== 0) throw new Error(`${name} could not be started: ${output}`)
  }

  async run({ name, command, args, env = {} }: Program): Promise<void> {
    const { exitCode, output } = await this.#container.exec([command, ...args], { env, workingDir: this.directory })
    if (exitCode === 0) return
    throw new Error(`${name} ended with ${exitCode}: ${command} ${args.join(' ')}\n${output.slice(-3000)}`)
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    await this.#container.stop()
  }

  protected async ended(): Promise<string | undefined> {
    const ended = await this.#do(
      'sh',
      '-c',
      'for file in *.ended; do test ! -e "$file" || echo "$file $(cat "$file")"; done',
    )
    return ended === '' ? undefined : `ended, with the status behind it: ${ended}\n${await this.logs()}`
  }

  protected logs(): Promise<string> {
    return this.#do('sh', '-c', 'for file in *.log; do echo "--- $file"; tail -c 3000 "$file"; done')
  }

  #path(name: string): string {
    return posix.join(this.directory, name)
  }

  async #do(...command: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#container.exec(command, { workingDir: this.directory })
    if (exitCode !== 0) throw new Error(`${command.join(' ')} failed in the container: ${stderr}`)
    return stdout.trim()
  }
}
