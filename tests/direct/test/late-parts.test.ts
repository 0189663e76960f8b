/**
 * What clients send after a completion, to URLs that are still valid: it changes no file, and a
 * purge deletes it.
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
  /** Bytes that the service stores for a container in addition to its files. */
  hiddenBytes(container: string): Promise<number>
}

const content = Buffer.alloc(1000, 'a')
const late = Buffer.alloc(5000, 'b')

async function purgesLateParts({ storage, hiddenBytes }: Place, sendMore: (url: string) => Promise<unknown>) {
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
  await storage.completeDirectUpload(upload)
  expect(await put(late)).toBe(201)
  await sendMore(url)
  const isWhole = async () => expect(await (await storage.openFile(container, 'file')).bytes()).toEqual(content)
  await isWhole()
  expect(await hiddenBytes(container)).toBeGreaterThanOrEqual(late.length)
  await storage.purgeUploads(container)
  expect(await hiddenBytes(container)).toBe(0)
  await isWhole()
}

describeServer('swift', ({ userDomainName: domainName, local: _, server: __, ...settings }) => {
  it('late segments are purged, and those of the file are kept', async () => {
    const provider = new OpenStackProvider({ ...settings, domainName })
    const hiddenBytes = async (name: string) => {
      const signal = AbortSignal.timeout(60_000)
      const { native } = provider
      const container = `stowage-segments.${name}`
      const { entries } = await native.list<{ bytes: number }>({ container, query: { limit: 1000 }, signal })
      return entries.reduce((sum, { bytes }) => sum + bytes, 0) - content.length
    }
    await purgesLateParts({ storage: new StorageService(provider), hiddenBytes }, async () => undefined)
  })
})

describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint }) => {
  it('late blocks are purged, also if the client committed them', async () => {
    const provider = new AzureProvider({ storageAccount, storageAccessKey, endpoint })
    const hiddenBytes = async (name: string) => {
      let bytes = 0
      const blobs = provider.native.getContainerClient(name).listBlobsFlat({ includeUncommitedBlobs: true })
      for await (const { name: blob, properties } of blobs) if (blob !== 'file') bytes += properties.contentLength ?? 0
      return bytes
    }
    await purgesLateParts({ storage: new StorageService(provider), hiddenBytes }, async (url) => {
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
