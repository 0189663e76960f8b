import { expect, test } from 'vitest'
import { startCeph } from '../src/index.js'

test("Ceph's gateway responds on 127.0.0.1 until it is stopped", { timeout: 600_000 }, async () => {
  const ceph = await startCeph()
  const endpoint = ceph.endpoint as string
  const response = await fetch(endpoint)
  expect(await response.text()).toContain('ListAllMyBucketsResult')
  await ceph.stop()
  await expect(fetch(endpoint)).rejects.toThrow()
})
