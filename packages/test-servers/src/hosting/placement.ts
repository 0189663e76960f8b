import { noServers, wantedPlacement } from '../environment.js'
import { type InstallOptions, requirePackages } from './debian.js'
import { NativeGroup } from './native-group.js'
import { freePorts } from './ports.js'
import { inGroup, type ServerGroup } from './server-group.js'

/** What a server of Debian's packages needs before its programs can be started. */
export interface ServerNeeds {
  /** Of its directory, its image and its container. */
  readonly name: string
  /** In messages. */
  readonly title: string
  readonly packages: readonly string[]
  /** How many ports in a row. */
  readonly ports: number
  /** How many of them, from the first, are for clients. */
  readonly published: number
}

/**
 * Starts a server where it can run: in a container if there is a Docker engine, else on this
 * machine, where missing packages are installed if possible. `STOWAGE_TEST_SERVERS` (`containers`,
 * `native` or `none`) overrides this.
 */
export async function startInDebian<T>(
  needs: ServerNeeds,
  start: (group: ServerGroup, ports: readonly number[]) => Promise<T>,
  options: InstallOptions = {},
): Promise<T> {
  const ports = await freePorts(needs.ports)
  return inGroup(await groupFor(needs, ports, options), (group) => start(group, ports))
}

async function groupFor(
  needs: ServerNeeds,
  ports: readonly number[],
  { install = true }: InstallOptions,
): Promise<ServerGroup> {
  // Without permission to install packages, no image is built either.
  const wanted = wantedPlacement() ?? (install ? undefined : 'native')
  if (wanted === 'none') throw new Error(noServers)
  if (wanted !== 'native') {
    try {
      const group = await inContainer(needs, ports)
      tell(`${needs.title} runs in a container`)
      return group
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (wanted === 'containers') {
        const advice =
          'Start one on this machine, or name it in DOCKER_HOST, or leave out STOWAGE_TEST_SERVERS=containers'
        throw new Error(`${needs.title} can't run in a container: ${reason}. ${advice}`, { cause: error })
      }
      tell(`${needs.title} is not run in a container: ${reason}`)
    }
  }
  await requirePackages(needs.title, needs.packages, { install })
  tell(`${needs.title} runs natively`)
  return NativeGroup.create(needs.name)
}

async function inContainer({ name, packages, published }: ServerNeeds, given: readonly number[]) {
  // Takes half a second to load, and a newer Node than the rest.
  const { ContainerGroup } = await import('./container-group.js')
  return ContainerGroup.create({ name, packages, ports: given.slice(0, published) })
}

function tell(text: string): void {
  process.stderr.write(`test-servers: ${text}\n`)
}
