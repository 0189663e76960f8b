/**
 * @tus/server over one of its stores.
 *
 *     node tus.mjs PLACE PACKAGES PORT
 *
 * PLACE is JSON: `{ "root": "…" }`, or `{ "bucket": "…", "endpoint": "…", … }`.
 */
import { createServer } from 'node:http'
import { createRequire } from 'node:module'

const [, , place = '{}', packages, port] = process.argv
const { root, bucket, endpoint, region, keyId, key, maxSize } = JSON.parse(place)
const require = createRequire(packages)
const { Server } = require('@tus/server')
const expirationPeriodInMilliseconds = 24 * 60 * 60 * 1000
const store =
  root === undefined
    ? new (require('@tus/s3-store').S3Store)({
        expirationPeriodInMilliseconds,
        s3ClientConfig: {
          bucket,
          endpoint,
          region,
          forcePathStyle: true,
          // Ceph 16 does not know the SDK's default.
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
          credentials: { accessKeyId: keyId, secretAccessKey: key },
        },
      })
    : new (require('@tus/file-store').FileStore)({ directory: root, expirationPeriodInMilliseconds })
const tus = new Server({ path: '/files', datastore: store, maxSize })
const server = createServer((req, res) => tus.handle(req, res))
server.listen(Number(port), '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}/files` }))
process.on('disconnect', () => process.exit())
