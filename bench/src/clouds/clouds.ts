/**
 * The clouds, each with its test server and the clients that are compared.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createStorage, type DataSourceSettings } from '@stowage/core'
import { signIn, startAzurite, startCeph, startSwift } from '@stowage/test-servers'
import { content } from '../content.ts'
import { findProgram, requirePeer } from '../peers.ts'
import { type Client, command, type Invocation, startProgram } from './client.ts'
import { atOnce, type Job, manyName } from './job.ts'

export interface Cloud {
  /** What Stowage and the bench itself reach the service with. */
  readonly settings: DataSourceSettings
  /** The clients that are to be had, Stowage first. `place` is a folder for files of theirs. */
  readonly clients: (place: string, isWanted: (name: string) => boolean) => Promise<Client[]>
  readonly stop: () => Promise<void>
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

type Start = () => Promise<Client | undefined>

/** Starts those that are wanted and to be had, one after the other. */
async function started(candidates: Readonly<Record<string, Start>>, isWanted: (name: string) => boolean) {
  const clients: Client[] = []
  try {
    for (const [name, start] of Object.entries(candidates)) {
      const client = isWanted(name) ? await start() : undefined
      if (client !== undefined) clients.push(client)
    }
    return clients
  } catch (error) {
    await Promise.all(clients.map((client) => client.stop()))
    throw error
  }
}

const stowage = (settings: DataSourceSettings): Start => {
  return () => startProgram('Stowage', here('./stowage.ts'), [JSON.stringify(settings)])
}

export async function s3(): Promise<Cloud> {
  const { stop, ...endpoint } = await startCeph()
  const { key, keyId, region, endpoint: url } = endpoint
  const settings: DataSourceSettings = {
    provider: 'amazon',
    key,
    keyId,
    region,
    ...(url === undefined ? {} : { endpoint: url }),
  }
  const library = (name: string, ...peer: Parameters<typeof requirePeer>): Start => {
    return async () =>
      startProgram(name, here('../../peers/clouds/s3.mjs'), [
        name,
        JSON.stringify(endpoint),
        await requirePeer(...peer),
      ])
  }
  return {
    settings,
    stop,
    clients: (place, isWanted) =>
      started(
        {
          Stowage: stowage(settings),
          '@aws-sdk/lib-storage': library('@aws-sdk/lib-storage', 's3'),
          '@aws-sdk/client-s3': library('@aws-sdk/client-s3', 's3'),
          flydrive: library('flydrive', 's3'),
          flystorage: library('flystorage', 's3'),
          rclone: rclone(place, {
            TYPE: 's3',
            PROVIDER: 'Ceph',
            ACCESS_KEY_ID: keyId,
            SECRET_ACCESS_KEY: key,
            REGION: region,
            ENDPOINT: url ?? '',
            CHUNK_SIZE: '8M',
            NO_CHECK_BUCKET: 'true',
          }),
        },
        isWanted,
      ),
  }
}

export async function azure(): Promise<Cloud> {
  const { stop, ...endpoint } = await startAzurite()
  const { storageAccount, storageAccessKey, endpoint: url } = endpoint
  const settings: DataSourceSettings = { provider: 'azure', storageAccount, storageAccessKey, endpoint: url }
  return {
    settings,
    stop,
    clients: async (place, isWanted) =>
      started(
        {
          Stowage: stowage(settings),
          '@azure/storage-blob': async () =>
            startProgram('@azure/storage-blob', here('../../peers/clouds/azure.mjs'), [
              JSON.stringify(endpoint),
              await requirePeer('azure'),
            ]),
          rclone: rclone(place, { TYPE: 'azureblob', SAS_URL: await sasUrl(settings), CHUNK_SIZE: '8M' }),
        },
        isWanted,
      ),
  }
}

/** Debian's rclone takes the address of a service that is not Azure itself in no other form. */
async function sasUrl(settings: DataSourceSettings): Promise<string> {
  await using storage = await createStorage(settings)
  const client = storage.native as {
    generateAccountSasUrl(expires: Date, permissions: { toString(): string }, resourceTypes: string): string
  }
  return client.generateAccountSasUrl(new Date(Date.now() + 24 * 60 * 60 * 1000), 'rwdlac', 'sco')
}

export async function swift(): Promise<Cloud> {
  const { stop, local, ...endpoint } = await startSwift()
  if (local === undefined) throw new Error('this part needs the Swift that the bench starts itself')
  const { authUrl, region, username, password, projectName, userDomainName, projectDomainName } = endpoint
  const settings: DataSourceSettings = {
    provider: 'openstack',
    authUrl,
    region,
    username,
    password,
    projectName,
    domainName: userDomainName,
    projectDomainName,
  }
  return {
    settings,
    stop,
    clients: (place, isWanted) =>
      started(
        {
          Stowage: stowage(settings),
          pkgcloud: async () =>
            startProgram('pkgcloud', here('../../peers/clouds/pkgcloud.mjs'), [
              JSON.stringify(endpoint),
              await requirePeer('pkgcloud'),
            ]),
          'python-swiftclient': swiftClient(place, {
            OS_AUTH_URL: `${authUrl}/v3`,
            OS_IDENTITY_API_VERSION: '3',
            OS_USERNAME: username,
            OS_PASSWORD: password,
            OS_PROJECT_NAME: projectName,
            OS_USER_DOMAIN_NAME: userDomainName,
            OS_PROJECT_DOMAIN_NAME: projectDomainName,
            OS_REGION_NAME: region,
          }),
          curl: curl(`${local.url}/v1/AUTH_${local.user.projectId}`, () =>
            signIn(authUrl, { username, password, project: projectName }),
          ),
          rclone: rclone(place, {
            TYPE: 'swift',
            USER: username,
            KEY: password,
            AUTH: `${authUrl}/v3`,
            DOMAIN: userDomainName,
            TENANT: projectName,
            TENANT_DOMAIN: projectDomainName,
            REGION: region,
            AUTH_VERSION: '3',
            // As one object: of one in parts no list shows the size.
            NO_CHUNK: 'true',
          }),
        },
        isWanted,
      ),
  }
}

const everything: readonly Job['work'][] = ['up', 'down', 'upMany', 'downMany', 'list']

function rclone(place: string, options: Readonly<Record<string, string>>): Start {
  return async () => {
    const program = await findProgram('rclone')
    if (program === undefined) return undefined
    const settings = Object.entries(options).map(([name, value]) => [`RCLONE_CONFIG_BENCH_${name}`, value])
    const env = { RCLONE_CONFIG: join(place, 'rclone.conf'), ...Object.fromEntries(settings) }
    await writeFile(env.RCLONE_CONFIG, '')
    const many = ['--transfers', String(atOnce), '--checkers', String(atOnce)]
    const invocationFor = async (job: Job): Promise<Invocation> => {
      const remote = `bench:${job.container}`
      if (job.work === 'up') return { command: program, args: ['rcat', `${remote}/${job.file}`], env }
      if (job.work === 'down') return { command: program, args: ['cat', `${remote}/${job.file}`], env }
      if (job.work === 'list') return { command: program, args: ['lsf', '-R', '--files-only', remote], env }
      if (job.work === 'upMany') {
        const folder = await filesToSend(place, job)
        return { command: program, args: ['copy', '--no-traverse', ...many, folder, remote], env }
      }
      return { command: program, args: ['copy', ...many, remote, await emptyFolder(place)], env }
    }
    return command('rclone', invocationFor, everything)
  }
}

function swiftClient(place: string, env: Readonly<Record<string, string>>): Start {
  return async () => {
    const program = await findProgram('swift')
    if (program === undefined) return undefined
    const threads = ['--object-threads', String(atOnce)]
    const invocationFor = async (job: Job): Promise<Invocation> => {
      const { container } = job
      if (job.work === 'up') {
        return { command: program, args: ['upload', container, '-', '--object-name', job.file], env }
      }
      if (job.work === 'down') {
        return { command: program, args: ['download', container, job.file, '--output', '-'], env }
      }
      if (job.work === 'list') return { command: program, args: ['list', container], env }
      if (job.work === 'upMany') {
        return {
          command: program,
          args: ['upload', ...threads, container, '.'],
          env,
          cwd: await filesToSend(place, job),
        }
      }
      return { command: program, args: ['download', ...threads, container], env, cwd: await emptyFolder(place) }
    }
    return command('python-swiftclient', invocationFor, everything)
  }
}

/** Speaks Swift itself, with a token that it is given: the transfer and nothing else. */
function curl(account: string, token: () => Promise<string>): Start {
  return async () => {
    const program = await findProgram('curl')
    if (program === undefined) return undefined
    const header = ['--header', `X-Auth-Token: ${await token()}`]
    const common = ['--silent', '--show-error', '--fail', ...header]
    const invocationFor = async (job: Job): Promise<Invocation | undefined> => {
      if (job.work !== 'up' && job.work !== 'down') return undefined
      const address = `${account}/${job.container}/${job.file}`
      return { command: program, args: [...common, ...(job.work === 'up' ? ['--upload-file', '-'] : []), address] }
    }
    return command('curl', invocationFor, ['up', 'down'])
  }
}

async function filesToSend(place: string, { count, size }: { count: number; size: number }): Promise<string> {
  const folder = join(place, `files-${size}`)
  await mkdir(folder, { recursive: true })
  if ((await readdir(folder)).length === count) return folder
  for (let index = 0; index < count; index++) await writeFile(join(folder, manyName(index)), content.subarray(0, size))
  return folder
}

async function emptyFolder(place: string): Promise<string> {
  const folder = join(place, 'received')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  return folder
}
