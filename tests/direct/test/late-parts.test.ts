/**
 * What clients send after the end of an upload, to URLs that are still valid: it changes no file,
 * and a purge deletes it.
 */
import { StorageService } from '@stowage/core'
import { type CallOptions, ProviderWrapper } from '@stowage/core/provider'
import { AzureProvider } from '@stowage/provider-azure'
import { OpenStackProvider } from '@stowage/provider-openstack'
import { describeServer } from '@stowage/test-servers'
import { expect, it, onTestFinished } from 'vitest'

/** Behaves as if another process purged a record between the list and the read of this one. */
class PurgedByAnother extends ProviderWrapper {
  override async readHiddenFile(container: string, name: string, options: CallOptions) {
    await this.inner.removeHiddenFiles?.(container, [name], options)
    return super.readHiddenFile(container, name, options)
  }
}

interface Place {
  readonly storage: StorageService
  /** Bytes of all parts and files that the service stores for a container. */
  storedBytes(container: string): Promise<number>
}

const ends = ['complete', 'abort', 'complete, then abort'] as const

const content = Buffer.alloc(1000, 'a')
const late = Buffer.alloc(5000, 'b')

async function purgesLateParts(
  { storage, storedBytes }: Place,
  end: (typeof ends)[number],
  sendMore: (url: string) => Promise<unknown>,
) {
  const container = `late-${process.pid}-${Date.now()}`
  await storage.createContainer({ name: container })
  onTestFinished(async () => {
    await storage.destroyContainer(container)
    await storage.close()
  })
  const upload = await storage.createDirectUpload(container, 'file', { size: content.length })
  const [part] = await storage.signDirectParts(upload)
  const { url = '', headers = {} } = part ?? {}
  const put = async (body: Buffer<ArrayBuffer>) => (await fetch(url, { method: 'PUT', headers, body })).status
  expect(await put(content)).toBe(201)
  const hasFile = end !== 'abort'
  if (hasFile) await storage.completeDirectUpload(upload)
  if (end !== 'complete') await storage.abortResumableUpload(upload)
  expect(await put(late)).toBe(201)
  await sendMore(url)
  const isUnchanged = async () => {
    expect((await storage.getFiles(container)).map(({ name }) => name)).toEqual(hasFile ? ['file'] : [])
    if (hasFile) expect(await (await storage.openFile(container, 'file')).bytes()).toEqual(content)
  }
  await isUnchanged()
  expect(await storedBytes(container)).toBeGreaterThanOrEqual(late.length)
  await storage.purgeUploads(container)
  expect(await storedBytes(container)).toBe(hasFile ? content.length : 0)
  await isUnchanged()
}

describeServer('swift', ({ userDomainName: domainName, local: _, server: __, ...settings }) => {
  it.each(ends)('late segments are purged, and those of the file are kept: %s', async (end) => {
    const provider = new OpenStackProvider({ ...settings, domainName })
    const storedBytes = async (name: string) => {
      const signal = AbortSignal.timeout(60_000)
      const { native } = provider
      const container = `stowage-segments.${name}`
      const { entries } = await native.list<{ bytes: number }>({ container, query: { limit: 1000 }, signal })
      return entries.reduce((sum, { bytes }) => sum + bytes, 0)
    }
    await purgesLateParts({ storage: new StorageService(provider), storedBytes }, end, async () => undefined)
  })
})

describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint }) => {
  it.each(ends)('late blocks are purged, also if the client committed them: %s', async (end) => {
    const provider = new AzureProvider({ storageAccount, storageAccessKey, endpoint })
    const storedBytes = async (name: string) => {
      let bytes = 0
      const blobs = provider.native.getContainerClient(name).listBlobsFlat({ includeUncommitedBlobs: true })
      for await (const { properties } of blobs) bytes += properties.contentLength ?? 0
      return bytes
    }
    await purgesLateParts({ storage: new StorageService(provider), storedBytes }, end, async (url) => {
      const whole = new URL(url)
      whole.searchParams.delete('comp')
      whole.searchParams.delete('blockid')
      const headers = { 'x-ms-blob-type': 'BlockBlob' }
      expect((await fetch(whole, { method: 'PUT', headers, body: late })).status).toBe(201)
    })
  })

  it('a purge succeeds if another process purges at the same time', async () => {
    const provider = new AzureProvider({ storageAccount, storageAccessKey, endpoint })
    const storage = new StorageService(provider)
    const container = `purged-${process.pid}-${Date.now()}`
    await storage.createContainer({ name: container })
    onTestFinished(async () => {
      await storage.destroyContainer(container)
      await storage.close()
    })
    const upload = await storage.createDirectUpload(container, 'file', { size: content.length })
    const [{ url, headers } = { url: '', headers: {} }] = await storage.signDirectParts(upload)
    await fetch(url, { method: 'PUT', headers, body: content })
    await storage.completeDirectUpload(upload)
    await new StorageService(new PurgedByAnother(provider)).purgeUploads(container)
    await using opened = await storage.openFile(container, 'file')
    expect(await opened.bytes()).toEqual(content)
  })
})
