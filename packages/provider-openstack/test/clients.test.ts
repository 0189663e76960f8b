import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { StorageService } from '@stowage/core'
import { describeServer, requirePackages } from '@stowage/test-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OpenStackProvider } from '../src/index.js'

const run = promisify(execFile)
const MiB = 1024 ** 2

/** Names without segments that the clients remove from a path, such as dots between slashes. */
const names = [
  'plain.txt',
  'a b/ü + 100% & ?#[].txt',
  'émoji 👩‍👩‍👧‍👦 עברית',
  'quotes \'"` and \\ <>|*:',
  'ends with a blank ',
  '%2F %41 %zz',
  'e\u0301 beside \u00e9',
]

/**
 * Files that other clients of Swift wrote, and the reverse: OpenStack's client in Python, and
 * rclone in Go.
 */
describeServer('swift', (cloud) => {
  const { authUrl, region, username, password, projectName, userDomainName, projectDomainName } = cloud
  const storage = new StorageService(
    new OpenStackProvider({
      ...{ authUrl, region, username, password, projectName },
      ...{ domainName: userDomainName, projectDomainName },
    }),
  )
  const container = `clients-${Date.now().toString(36)}`
  const theirSegments = `${container}_segments`
  const ourSegments = `stowage-segments.${container}`
  const large = randomBytes(5 * MiB + 1)
  let directory: string
  let localFile: string

  beforeAll(async () => {
    await requirePackages('clients of Swift', ['python3-swiftclient', 'python3-keystoneclient', 'rclone'])
    directory = await mkdtemp(join(tmpdir(), 'stowage-clients-'))
    localFile = join(directory, 'upload')
    await storage.createContainer({ name: container })
  })
  afterAll(async () => {
    await storage.destroyContainer(container)
    if (await storage.hasContainer(theirSegments)) await storage.destroyContainer(theirSegments)
    await storage.close()
    await rm(directory, { recursive: true })
  })

  interface Client {
    read(...files: string[]): Promise<Buffer[]>
    write(file: string, content: Buffer, options?: { type?: string; author?: string }): Promise<void>
    names(): Promise<string[]>
    remove(...files: string[]): Promise<void>
  }

  const swift = async (...args: string[]): Promise<string> => {
    const env = {
      ...{ PATH: process.env['PATH'], LANG: 'C.UTF-8', OS_IDENTITY_API_VERSION: '3', OS_AUTH_URL: `${authUrl}/v3` },
      ...{ OS_USERNAME: username, OS_PASSWORD: password, OS_PROJECT_NAME: projectName, OS_REGION_NAME: region },
      ...{ OS_USER_DOMAIN_NAME: userDomainName, OS_PROJECT_DOMAIN_NAME: projectDomainName },
    }
    return (await run('/usr/bin/swift', args, { env })).stdout
  }
  const rclone = (input: Buffer, ...args: string[]): Promise<Buffer> => {
    const settings = {
      ...{ TYPE: 'swift', USER: username, KEY: password, AUTH: `${authUrl}/v3`, AUTH_VERSION: '3', REGION: region },
      ...{ DOMAIN: userDomainName, TENANT: projectName, TENANT_DOMAIN: projectDomainName, CHUNK_SIZE: '1Mi' },
    }
    const remote = Object.entries(settings).map(([name, value]) => [`RCLONE_CONFIG_CLOUD_${name}`, value])
    const env = { PATH: process.env['PATH'], RCLONE_CONFIG: join(directory, 'none'), ...Object.fromEntries(remote) }
    const child = spawn('/usr/bin/rclone', args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.end(input)
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    return Promise.all([buffer(child.stdout), buffer(child.stderr), ended]).then(([output, complaints, code]) => {
      if (code !== 0) throw new Error(`rclone ${args.join(' ')}: ${complaints}`)
      return output
    })
  }
  const nothing = Buffer.alloc(0)

  const clients: Record<string, Client> = {
    'python-swiftclient': {
      async read(...files) {
        const [first = '', ...others] = files
        const output = others.length === 0 ? ['--output', join(directory, first)] : ['--output-dir', directory]
        await swift('download', ...output, container, ...files)
        return Promise.all(files.map((file) => readFile(join(directory, file))))
      },
      async write(file, content, { type, author } = {}) {
        await writeFile(localFile, content)
        const headers = type === undefined ? [] : ['--header', `content-type: ${type}`]
        const metadata = author === undefined ? [] : ['--meta', `author:${author}`]
        await swift('upload', '--object-name', file, ...headers, ...metadata, container, localFile)
      },
      names: async () => (await swift('list', container)).split('\n').filter((name) => name !== ''),
      remove: async (...files) => void (await swift('delete', container, ...files)),
    },
    rclone: {
      read: (...files) => Promise.all(files.map((file) => rclone(nothing, 'cat', `cloud:${container}/${file}`))),
      async write(file, content, { type, author } = {}) {
        const headers = { 'Content-Type': type, 'X-Object-Meta-Author': author }
        const given = Object.entries(headers).filter(([, value]) => value !== undefined)
        const args = given.flatMap(([name, value]) => ['--header-upload', `${name}: ${value}`])
        await rclone(content, 'rcat', ...args, `cloud:${container}/${file}`)
      },
      async names() {
        const list = JSON.parse(String(await rclone(nothing, 'lsjson', '--files-only', '-R', `cloud:${container}`)))
        return (list as { Path: string }[]).map(({ Path }) => Path)
      },
      async remove(...files) {
        await Promise.all(files.map((file) => rclone(nothing, 'deletefile', `cloud:${container}/${file}`)))
      },
    },
  }

  const read = async (file: string) => (await storage.openFile(container, file)).bytes()
  const segmentsIn = async (name: string): Promise<string[]> => {
    const signal = AbortSignal.timeout(60_000)
    const { native } = storage.provider as OpenStackProvider
    const { entries } = await native.list<{ name: string }>({ container: name, signal, allow: [404] })
    return entries.map((entry) => entry.name)
  }

  describe.each(Object.entries(clients))('%s', (_, client) => {
    test('writes and reads files of any name', async () => {
      for (const file of names) await storage.putFile(container, file, `ours ${file}`)
      expect((await client.read(...names)).map(String)).toEqual(names.map((file) => `ours ${file}`))
      expect((await client.names()).toSorted()).toEqual(names.toSorted())
      for (const file of names) {
        await client.write(file, Buffer.from(`theirs ${file}`))
        expect(String(await read(file)), file).toBe(`theirs ${file}`)
      }
      await client.remove(...names)
      expect(await storage.getFiles(container)).toEqual([])
    })

    test('writes a content type and metadata that Stowage reads', async () => {
      await client.write('attributes', Buffer.from('x'), { type: 'text/x-theirs', author: 'Zoë Doe' })
      const info = await storage.getFile(container, 'attributes')
      expect(info).toMatchObject({ contentType: 'text/x-theirs', metadata: { author: 'Zoë Doe' } })
      await storage.removeFile(container, 'attributes')
    })

    test('reads and deletes a large file that Stowage wrote', async () => {
      await storage.putFile(container, 'ours', large, { partSize: MiB })
      expect((await client.read('ours'))[0]?.equals(large)).toBe(true)
      expect(await segmentsIn(ourSegments)).toHaveLength(6)
      await client.remove('ours')
      expect(await storage.hasFile(container, 'ours')).toBe(false)
      // A client without support for static large objects leaves parts. The next write of the name
      // deletes them.
      await storage.putFile(container, 'ours', 'small')
      expect(await segmentsIn(ourSegments)).toEqual([])
      await storage.removeFile(container, 'ours')
    })
  })

  test('the clients read the content type and metadata that Stowage wrote', async () => {
    const file = 'attributes'
    const metadata = { author: 'Zoë Doe' }
    await storage.putFile(container, file, 'x', { contentType: 'image/x-ours', metadata, cacheControl: 'no-cache' })
    const output = await swift('stat', container, file)
    for (const line of [/Content Type: image\/x-ours/, /Meta Author: Zoë Doe/, /Cache-Control: no-cache/i]) {
      expect(output).toMatch(line)
    }
    const [listed] = JSON.parse(String(await rclone(nothing, 'lsjson', '-M', `cloud:${container}/${file}`))) as object[]
    expect(listed).toMatchObject({ MimeType: 'image/x-ours', Size: 1 })
    await storage.removeFile(container, file)
  })

  describe.each<[string, (file: string) => Promise<unknown>]>([
    ['static', (file) => swift('upload', '-S', String(MiB), '--use-slo', '--object-name', file, container, localFile)],
    ['dynamic', (file) => swift('upload', '-S', String(MiB), '--object-name', file, container, localFile)],
    ["rclone's dynamic", (file) => rclone(nothing, 'copyto', localFile, `cloud:${container}/${file}`)],
  ])('a %s large object of another client', (kind, upload) => {
    const file = `theirs/${kind}`

    test('is read completely and in ranges, and copied into separate parts', async () => {
      await writeFile(localFile, large)
      await upload(file)
      expect(await segmentsIn(theirSegments)).toHaveLength(6)
      expect((await read(file)).equals(large)).toBe(true)
      const { size, etag } = await storage.getFile(container, file)
      expect(size).toBe(large.length)
      const range = { start: MiB - 3, end: 2 * MiB + 3 }
      const opened = await storage.openFile(container, file, { range, ifMatch: etag })
      expect((await opened.bytes()).equals(large.subarray(range.start, range.end + 1))).toBe(true)

      await storage.copyFile({ container, file }, { container, file: 'copy' })
      await storage.removeFile(container, file)
      // The parts may belong to other files too.
      const remaining = await segmentsIn(theirSegments)
      expect(remaining).toHaveLength(6)
      await storage.removeFiles(theirSegments, remaining)
      expect((await read('copy')).equals(large)).toBe(true)
      await storage.removeFile(container, 'copy')
      expect(await segmentsIn(ourSegments)).toEqual([])
    })
  })
})
