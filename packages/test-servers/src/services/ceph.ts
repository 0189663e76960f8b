import { randomBytes, randomUUID } from 'node:crypto'
import { posix } from 'node:path'
import { type InstallOptions, searchPath } from '../hosting/debian.js'
import { startInDebian } from '../hosting/placement.js'
import type { Program, ServerGroup } from '../hosting/server-group.js'
import { type S3Keys, type S3Server, s3FromEnvironment } from './s3-endpoint.js'

const needs = {
  name: 'ceph',
  title: "Ceph's S3",
  packages: ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph-common'],
  ports: 2,
  published: 1,
}
const GiB = 1024 ** 3

/**
 * Amazon S3 as Ceph speaks it: the service given by `STOWAGE_TEST_S3_…`, else one monitor, one
 * storage daemon and one gateway, all in one directory, with the data in memory.
 */
export async function startCeph(options: InstallOptions = {}): Promise<S3Server> {
  const real = s3FromEnvironment('S3')
  if (real !== undefined) return real
  return startInDebian(needs, startCluster, options)
}

async function startCluster(group: ServerGroup, ports: readonly number[]): Promise<S3Server> {
  const [gatewayPort, monitorPort] = ports as [number, number]
  const cluster = randomUUID()
  const at = (...names: string[]) => posix.join(group.directory, ...names)
  await group.makeDirectories('mon', 'osd', 'rgw', 'log', 'run')
  const conf = at('ceph.conf')
  await group.write('ceph.conf', configuration(group, { cluster, monitorPort, gatewayPort }))
  const run = (command: string, ...args: string[]) => group.run(program(command, args))
  const start = (command: string, ...args: string[]) => group.start(program(command, args))

  // With authentication switched off the gateway hangs, so everybody has a key, all in one keyring.
  const everything = ['mon', 'osd', 'mgr'].flatMap((daemon) => ['--cap', daemon, 'allow *'])
  await run('ceph-authtool', '--create-keyring', at('keyring'), '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *')
  for (const name of ['client.admin', 'client.rgw', 'osd.0']) {
    await run('ceph-authtool', at('keyring'), '--gen-key', '-n', name, ...everything)
  }
  const address = `[v2:127.0.0.1:${monitorPort}]`
  await run('monmaptool', '--create', '--addv', 'a', address, '--fsid', cluster, at('monmap'))
  await run('ceph-mon', '-c', conf, '--mkfs', '-i', 'a', '--monmap', at('monmap'), '--keyring', at('keyring'))
  await start('ceph-mon', '-c', conf, '-f', '-i', 'a')

  const storage = randomUUID()
  await run('ceph', '-c', conf, '--connect-timeout', '30', 'osd', 'new', storage, '0')
  await run('ceph-osd', '-c', conf, '-i', '0', '--mkfs', '--osd-uuid', storage)
  await start('ceph-osd', '-c', conf, '-f', '-i', '0')
  await start('radosgw', '-c', conf, '-f', '-n', 'client.rgw')
  const endpoint = `http://127.0.0.1:${gatewayPort}`
  await group.untilResponding(endpoint)

  const [keys, other] = await Promise.all([createUser(group, conf, 'stowage'), createUser(group, conf, 'other')])
  const server = `Ceph ${await group.versionOf('radosgw')}`
  return { endpoint, region: 'us-east-1', server, ...keys, other, stop: () => group.stop() }
}

async function createUser(group: ServerGroup, conf: string, uid: string): Promise<S3Keys> {
  const keys = { keyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`, key: randomBytes(20).toString('hex') }
  const user = [`--uid=${uid}`, `--display-name=${uid}`, `--access-key=${keys.keyId}`, `--secret=${keys.key}`]
  const args = ['-c', conf, '-n', 'client.rgw', 'user', 'create', ...user]
  await group.run({ ...program('radosgw-admin', args), name: `create-user-${uid}` })
  return keys
}

const program = (command: string, args: readonly string[]): Program => ({
  name: command,
  command,
  args,
  env: { PATH: searchPath },
})

interface Layout {
  readonly cluster: string
  readonly monitorPort: number
  readonly gatewayPort: number
}

function configuration({ directory, address }: ServerGroup, { cluster, monitorPort, gatewayPort }: Layout): string {
  return `[global]
fsid = ${cluster}
mon_initial_members = a
mon_host = v2:127.0.0.1:${monitorPort}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
keyring = ${directory}/keyring
run_dir = ${directory}/run
admin_socket = ${directory}/run/$name.asok
crash_dir = ${directory}/log
log_file = ${directory}/log/$name.log
log_to_stderr = false
err_to_stderr = true
mon_data = ${directory}/mon
mon_cluster_log_file = ${directory}/log/cluster.log
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 1000
mon_osd_full_ratio = 0.98
mon_data_avail_crit = 1
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_data = ${directory}/osd
osd_objectstore = memstore
osd_op_num_shards = 2
# The default of 100 leaves 79 bytes for a key of metadata.
osd_max_attr_name_len = 255
memstore_device_bytes = ${8 * GiB}
[client.rgw]
rgw_data = ${directory}/rgw
# Without tcp_nodelay each response with a body of XML waits 40 ms for the client to acknowledge its headers.
rgw_frontends = beast endpoint=${address}:${gatewayPort} tcp_nodelay=1
rgw_thread_pool_size = 64
rgw_enable_apis = s3, admin
rgw_enable_usage_log = false
rgw_rados_pool_pg_num_min = 4
rgw_gc_max_objs = 8
rgw_gc_obj_min_wait = 1
rgw_gc_processor_period = 5
# SSE-C must be testable without a certificate.
rgw_crypt_require_ssl = false
rgw_dns_name =
`
}
