/**
 * Stands in for the client of your service: buckets of objects in the memory of this process.
 * Replace it, and everything that imports it knows what to change.
 */
export interface StoredObject {
  readonly bytes: Uint8Array
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly metadata: Readonly<Record<string, string>>
  readonly etag: string
  readonly modified: Date
}

export interface Match {
  /** The ETag that the present object must have, or `*` for any. */
  readonly ifMatch?: string | undefined
  /** `*`: there must be no object. */
  readonly ifNoneMatch?: string | undefined
}

/** A response of the service that is no success. */
export class ServiceError extends Error {
  readonly status: number
  readonly resource: 'bucket' | 'object'

  constructor(status: number, resource: 'bucket' | 'object') {
    super(`${status} for the ${resource}`)
    this.status = status
    this.resource = resource
  }
}

type Bucket = Map<string, StoredObject>

/** The buckets of each endpoint, so that two clients of one endpoint see the same objects. */
const services = new Map<string, Map<string, Bucket>>()

let versions = 0

export class ServiceClient {
  readonly #buckets: Map<string, Bucket>

  constructor(endpoint: string) {
    const buckets = services.get(endpoint) ?? new Map<string, Bucket>()
    services.set(endpoint, buckets)
    this.#buckets = buckets
  }

  async listBuckets(): Promise<string[]> {
    return [...this.#buckets.keys()]
  }

  async createBucket(bucket: string): Promise<void> {
    if (this.#buckets.has(bucket)) throw new ServiceError(409, 'bucket')
    this.#buckets.set(bucket, new Map())
  }

  async deleteBucket(bucket: string, { onlyIfEmpty }: { readonly onlyIfEmpty: boolean }): Promise<void> {
    if (onlyIfEmpty && this.#bucket(bucket).size > 0) throw new ServiceError(409, 'bucket')
    this.#bucket(bucket)
    this.#buckets.delete(bucket)
  }

  async listObjects(bucket: string): Promise<ReadonlyMap<string, StoredObject>> {
    return new Map(this.#bucket(bucket))
  }

  async getObject(bucket: string, key: string): Promise<StoredObject> {
    const object = this.#bucket(bucket).get(key)
    if (object === undefined) throw new ServiceError(404, 'object')
    return object
  }

  async putObject(
    bucket: string,
    key: string,
    object: Pick<StoredObject, 'bytes' | 'headers' | 'metadata'>,
    match: Match,
  ): Promise<StoredObject> {
    const objects = this.#bucket(bucket)
    const present = objects.get(key)
    check(present, match)
    const modified = new Date(Math.max(Date.now(), present?.modified.getTime() ?? 0))
    const stored = { ...object, etag: `"${++versions}"`, modified }
    objects.set(key, stored)
    return stored
  }

  async deleteObject(bucket: string, key: string, match: Match = {}): Promise<void> {
    const objects = this.#bucket(bucket)
    const present = objects.get(key)
    if (present === undefined) throw new ServiceError(404, 'object')
    check(present, match)
    objects.delete(key)
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) throw new ServiceError(404, 'bucket')
    return bucket
  }
}

function check(present: StoredObject | undefined, { ifMatch, ifNoneMatch }: Match): void {
  const isMatch = ifMatch === undefined || (present !== undefined && (ifMatch === '*' || ifMatch === present.etag))
  if (!isMatch || (ifNoneMatch !== undefined && present !== undefined)) throw new ServiceError(412, 'object')
}
