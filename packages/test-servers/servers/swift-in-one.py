#!/usr/bin/python3
"""swift-in-one.py DIRECTORY PROXY_ADDRESS PROXY_PORT KEYSTONE_URL

All of OpenStack Swift in one program: a proxy on PROXY_ADDRESS and PROXY_PORT, and an account, a container and an object server
on the three ports behind it of 127.0.0.1, which keep one copy of everything below DIRECTORY. They are Swift's own servers; only
what Swift leaves to its surroundings is here: rings, configuration, and a cache in memory in place of memcached. They are two
processes, for two cores: the proxy, which is one because its cache is, and the servers behind it.

Sign-in is Keystone's. The S3 interface takes the EC2 credentials that Keystone keeps. Beside them tempauth has an account of
its own (TEMPAUTH_test, user test:tester, key testing), which spares a test the way to Keystone.

Swift's own programs read swift.conf from /etc alone, so they are not used.
"""
import ctypes
import gc
import hashlib
import json
import os
import pwd
import shutil
import signal
import sys
import time
import types

# Calls that may wait for a disk are made by threads otherwise, which wait for each other and not for the disk here. And a reader
# that comes while they put a new version in place of the old one may find neither, which other replicas make good.
os.environ['EVENTLET_THREADPOOL_SIZE'] = '0'

DIRECTORY = os.path.abspath(sys.argv[1])
PROXY_ADDRESS = sys.argv[2]
PROXY_PORT = int(sys.argv[3])
KEYSTONE = sys.argv[4]
PORTS = {'account': PROXY_PORT + 1, 'container': PROXY_PORT + 2, 'object': PROXY_PORT + 3}
SWIFT_DIRECTORY = DIRECTORY + '/swift'
USER = pwd.getpwuid(os.getuid()).pw_name

for directory in (SWIFT_DIRECTORY, DIRECTORY + '/srv/d1', DIRECTORY + '/cache'):
    os.makedirs(directory, exist_ok=True)


def write(name, text):
    with open(f'{SWIFT_DIRECTORY}/{name}', 'w') as file:
        file.write(text)


write('swift.conf', '''[swift-hash]
swift_hash_path_prefix = stowage
swift_hash_path_suffix = tests
[storage-policy:0]
name = Policy-0
default = yes
# The S3 interface keeps the parts of an upload below its name: names of 1,024 bytes need room behind them.
[swift-constraints]
max_object_name_length = 1100
''')

# Before anything else of Swift is imported: its modules read swift.conf when they are.
from swift.common import constraints, utils

utils.set_swift_dir(SWIFT_DIRECTORY)
constraints.reload_constraints()
utils.eventlet_monkey_patch()

# Nothing here outlives the run, so nothing need wait for the disk.
os.fsync = os.fdatasync = lambda descriptor: None

import eventlet
import eventlet.wsgi
from swift.common import db, wsgi
from swift.common.ring import Ring, RingBuilder
from swift.common.storage_policy import POLICIES
from swift.container.backend import ContainerBroker
from swift.obj import server as object_server
from swift.obj.diskfile import DiskFileManager

safe_connection = db.get_db_connection


def fast_connection(*args, **kwargs):
    connection = safe_connection(*args, **kwargs)
    connection.execute('PRAGMA synchronous = OFF')
    connection.execute('PRAGMA journal_mode = MEMORY')
    return connection


db.get_db_connection = fast_connection

DEFAULTS = f'''user = {USER}
swift_dir = {SWIFT_DIRECTORY}
log_level = ERROR
'''

for name, port in PORTS.items():
    builder = RingBuilder(part_power=4, replicas=1, min_part_hours=0)
    builder.add_dev({
        'id': 0, 'region': 1, 'zone': 1, 'device': 'd1', 'weight': 1.0, 'meta': '',
        'ip': '127.0.0.1', 'port': port, 'replication_ip': '127.0.0.1', 'replication_port': port,
    })
    builder.rebalance(seed='1')
    builder.get_ring().save(f'{SWIFT_DIRECTORY}/{name}.ring.gz')
    write(f'{name}-server.conf', f'''[DEFAULT]
{DEFAULTS}bind_ip = 127.0.0.1
bind_port = {port}
devices = {DIRECTORY}/srv
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
log_requests = false
recon_cache_path = {DIRECTORY}/cache
''')

# The account that Swift itself signs in to Keystone with.
SERVICE_ACCOUNT = f'''auth_url = {KEYSTONE}/v3
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = admin
username = admin
password = adminpw
'''

# Without proxy-logging, clients that keep connections open see protocol errors. Of the two ways to sign in Keystone's must
# come first, or tempauth answers for it.
write('proxy-server.conf', f'''[DEFAULT]
{DEFAULTS}bind_ip = {PROXY_ADDRESS}
bind_port = {PROXY_PORT}
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck seed proxy-logging memory-cache listing_formats bulk tempurl authtoken s3api s3token keystoneauth tempauth staticweb copy container-quotas account-quotas slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:memory-cache]
paste.filter_factory = swift_memory_cache:filter_factory
[filter:seed]
paste.filter_factory = swift_seed:filter_factory
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:tempurl]
use = egg:swift#tempurl
[filter:staticweb]
use = egg:swift#staticweb
[filter:copy]
use = egg:swift#copy
[filter:container-quotas]
use = egg:swift#container_quotas
[filter:account-quotas]
use = egg:swift#account_quotas
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
auth_pipeline_check = false
multi_delete_concurrency = 8
[filter:s3token]
use = egg:swift#s3token
reseller_prefix = AUTH_
delay_auth_decision = True
auth_uri = {KEYSTONE}/v3
secret_cache_duration = 60
{SERVICE_ACCOUNT}[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = {KEYSTONE}/v3
delay_auth_decision = True
cache = swift.cache
{SERVICE_ACCOUNT}[filter:keystoneauth]
use = egg:swift#keystoneauth
reseller_prefix = AUTH
operator_roles = admin, member
reseller_admin_role = ResellerAdmin
[filter:tempauth]
use = egg:swift#tempauth
reseller_prefix = TEMPAUTH
auth_prefix = /auth/
user_test_tester = testing .admin
user_test2_tester2 = testing2 .admin
''')


class MemoryCache:
    """What Swift asks of memcached (swift.common.memcached.MemcacheRing), for one process."""

    def __init__(self):
        self.entries = {}

    def get(self, key, *args, **kwargs):
        value, expires = self.entries.get(key, (None, 0))
        if expires and expires < time.time():
            del self.entries[key]
            return None
        return value

    def set(self, key, value, serialize=True, time=0, **kwargs):
        self.entries[key] = (value, now() + time if time else 0)

    def incr(self, key, delta=1, time=0, **kwargs):
        value = max(0, int(self.get(key) or 0) + delta)
        self.set(key, value, time=time)
        return value

    def decr(self, key, delta=1, time=0, **kwargs):
        return self.incr(key, -delta, time)

    def delete(self, key, *args, **kwargs):
        self.entries.pop(key, None)

    def set_multi(self, mapping, server_key=None, serialize=True, time=0, **kwargs):
        for key, value in mapping.items():
            self.set(key, value, time=time)

    def get_multi(self, keys, server_key=None, **kwargs):
        return [self.get(key) for key in keys]


now = time.time
cache = MemoryCache()


class Seed:
    """Objects that a test needs to be there, many at once: put into the store and taken out of it past the proxy.

    PUT /seed/ACCOUNT/CONTAINER with the names as JSON makes small objects in a container that exists; DELETE removes every
    object. Both do what the object and the container server do for each request, without the requests, which take twenty
    times as long. Nobody signs in: the server belongs to the tests and listens on the local machine only.
    """

    def __init__(self):
        self.rings = {kind: Ring(SWIFT_DIRECTORY, ring_name=kind) for kind in ('container', 'object')}
        self.files = DiskFileManager({'devices': DIRECTORY + '/srv', 'mount_check': 'false'}, utils.NullLogger())

    def file(self, account, container, name):
        partition = self.rings['object'].get_part(account, container, name)
        return self.files.get_diskfile('d1', partition, account, container, name, policy=POLICIES[0])

    def rows_of(self, account, container):
        partition = self.rings['container'].get_part(account, container)
        name = utils.hash_path(account, container)
        directory = utils.storage_directory('containers', partition, name)
        return ContainerBroker(f'{DIRECTORY}/srv/d1/{directory}/{name}.db', account=account, container=container)

    def put(self, account, container, names):
        for name in names:
            content = name.encode()
            row = self.row(name, etag=hashlib.md5(content).hexdigest(), size=len(content))
            with self.file(account, container, name).create(size=len(content)) as writer:
                writer.write(content)
                writer.put({
                    'X-Timestamp': row['created_at'], 'Content-Type': row['content_type'],
                    'ETag': row['etag'], 'Content-Length': str(row['size']),
                })
                writer.commit(utils.Timestamp(row['created_at']))
            yield row

    def delete(self, account, container):
        rows = self.rows_of(account, container).list_objects_iter(1_000_000, '', None, None, None)
        for name, *_ in rows:
            shutil.rmtree(self.file(account, container, name)._datadir)
            yield self.row(name, deleted=1)

    def row(self, name, **facts):
        return {
            'name': name, 'created_at': utils.Timestamp.now().internal, 'size': 0, 'etag': 'noetag', 'deleted': 0,
            'content_type': 'application/octet-stream', 'ctype_timestamp': None, 'meta_timestamp': None, **facts,
        }

    def __call__(self, environment, start_response):
        _, _, account, container = environment['PATH_INFO'].split('/')
        changes = (
            self.delete(account, container) if environment['REQUEST_METHOD'] == 'DELETE'
            else self.put(account, container, json.load(environment['wsgi.input'])))
        rows = []
        for row in changes:
            rows.append(row)
            # Other requests go on meanwhile.
            if len(rows) % 20 == 0:
                eventlet.sleep(0)
        self.rows_of(account, container).merge_items(rows)
        start_response('204 No Content', [('Content-Length', '0')])
        return []


def filter_of(name, handle):
    """Makes a middleware known to the proxy's configuration: handle(app, environment, start_response)."""
    def filter_factory(global_conf, **local_conf):
        def factory(app):
            def middleware(environment, start_response):
                return handle(app, environment, start_response)

            middleware.app = app
            return middleware

        return factory

    module = types.ModuleType(name)
    module.filter_factory = filter_factory
    sys.modules[name] = module


def with_cache(app, environment, start_response):
    environment['swift.cache'] = cache
    return app(environment, start_response)


def with_seed(app, environment, start_response):
    handle = seed if environment['PATH_INFO'].startswith('/seed/') else app
    return handle(environment, start_response)


seed = Seed()
filter_of('swift_memory_cache', with_cache)
filter_of('swift_seed', with_seed)


def serve(name, listener):
    section = f'{name}-server'
    path = f'{SWIFT_DIRECTORY}/{section}.conf'
    conf, logger, log_name = wsgi._initrp(path, section, verbose=True)
    settings = {'log_name': log_name}
    if name == 'object':
        object_server.global_conf_callback(conf, settings)
    app = wsgi.loadapp(path, global_conf=settings)
    eventlet.spawn(
        eventlet.wsgi.server, listener, app, utils.NullLogger(), protocol=wsgi.SwiftHttpProtocol,
        capitalize_response_headers=False, custom_pool=wsgi.RestrictedGreenPool(size=1024), socket_timeout=60)


# All ports are open before the proxy answers, so what it asks of the others waits until they are ready.
listeners = {
    name: eventlet.listen((PROXY_ADDRESS if name == 'proxy' else '127.0.0.1', port), backlog=4096)
    for name, port in (PORTS | {'proxy': PROXY_PORT}).items()
}
# What was loaded so far stays, and the rest is short-lived: looking for garbage less often saves an eighth of the CPU.
gc.freeze()
gc.set_threshold(50_000, 20, 50)
is_proxy = os.fork() != 0
eventlet.hubs.use_hub(utils.get_hub())
if not is_proxy:
    # It ends with the proxy, however that ends.
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
for name, listener in listeners.items():
    if (name == 'proxy') == is_proxy:
        serve(name, listener)
# What is there by now stays, and need not be looked at again and again.
gc.freeze()
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
while True:
    eventlet.sleep(3600)
