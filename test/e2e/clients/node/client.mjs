// SPDX-License-Identifier: Apache-2.0
// npm's @kubernetes/client-node speaks with the server that KUBECONFIG names. Prints a line a check,
// "ok NAME" or "not ok NAME", and notes; what a check throws is its failure, the next ones go on.
import assert from 'node:assert/strict';
import * as k8s from '@kubernetes/client-node';

const NS = 'node';
const kc = new k8s.KubeConfig();
kc.loadFromFile(process.env.KUBECONFIG);
const core = kc.makeApiClient(k8s.CoreV1Api);
const apps = kc.makeApiClient(k8s.AppsV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(kc);
const LIMIT = 30000; // ms for anything that is waited for

async function check(name, about) {
    try {
        await about();
        console.log(`ok ${name}`);
    } catch (e) {
        console.log(`not ok ${name}\n${e.stack}`);
    }
}

// A promise with its ends outside, refused when it takes too long.
function expectation(what) {
    let resolve, reject;
    const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
    const timer = setTimeout(() => reject(new Error(`not in time: ${what}`)), LIMIT);
    return { promise: promise.finally(() => clearTimeout(timer)), resolve, reject };
}

// The call fails with this code and reason; gives the Status.
async function refused(code, reason, call) {
    try {
        await call();
    } catch (e) {
        assert.ok(e instanceof k8s.ApiException, e.stack);
        const status = typeof e.body === 'string' ? JSON.parse(e.body) : e.body;
        assert.equal(e.code, code);
        assert.deepEqual([status.kind, status.apiVersion, status.status, status.code, status.reason],
            ['Status', 'v1', 'Failure', code, reason]);
        assert.match(e.headers['content-type'], /^application\/json/);
        return status;
    }
    assert.fail('was not refused');
}

const configMap = (name, data, meta) => ({
    apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NS, ...meta }, data,
});
const make = (name, data, meta) =>
    core.createNamespacedConfigMap({ namespace: NS, body: configMap(name, data, meta) });
const as = (type) => k8s.setHeaderOptions('Content-Type', type);
const isGone = (e) => e.code === 404;

await check('version', async () => {
    const v = await kc.makeApiClient(k8s.VersionApi).getCode();
    assert.deepEqual([v.major, v.minor], ['1', '36']);
});

await check('a namespace, with its times as dates', async () => {
    const made = await core.createNamespace({ body: { metadata: { name: NS } } });
    assert.equal(made.status.phase, 'Active');
    assert.ok(made.metadata.creationTimestamp instanceof Date);
    assert.ok(Math.abs(Date.now() - made.metadata.creationTimestamp) < 3600_000);
});

await check('an informer: what is there, what comes, changes and goes', async () => {
    await make('first', { n: '0' }, { labels: { watched: 'yes' } });
    const selector = 'watched=yes', seen = [], done = expectation('the events of an informer');
    const informer = k8s.makeInformer(kc, `/api/v1/namespaces/${NS}/configmaps`,
        () => core.listNamespacedConfigMap({ namespace: NS, labelSelector: selector }), selector);
    for (const verb of ['add', 'update', 'delete'])
        informer.on(verb, (o) => {
            seen.push(`${verb} ${o.metadata.name} ${o.data.n}`);
            if (verb === 'delete') done.resolve();
        });
    informer.on('error', done.reject);
    await informer.start();
    await make('second', { n: '1' }, { labels: { watched: 'yes' } });
    await make('third', { n: '1' }, { labels: { watched: 'no' } });
    for (const n of ['2', '3'])
        await core.patchNamespacedConfigMap({ name: 'second', namespace: NS, body: { data: { n } } },
            as(k8s.PatchStrategy.MergePatch));
    await core.deleteNamespacedConfigMap({ name: 'second', namespace: NS });
    await done.promise;
    assert.deepEqual(seen, ['add first 0', 'add second 1', 'update second 2', 'update second 3', 'delete second 3']);
    assert.equal(informer.get('first', NS).data.n, '0');
    assert.equal(informer.get('second', NS), undefined);
    assert.equal(informer.list().length, 1);
    await informer.stop();
});

await check('a watch, with bookmarks, from a revision', async () => {
    const at = (await core.listNamespacedConfigMap({ namespace: NS })).metadata.resourceVersion;
    await make('noted', {});
    const seen = [], done = expectation('the end of a watch');
    await new k8s.Watch(kc).watch(`/api/v1/namespaces/${NS}/configmaps`,
        { resourceVersion: at, allowWatchBookmarks: true, timeoutSeconds: 1 },
        (type, o) => seen.push([type, type === 'BOOKMARK' ? o.kind : o.metadata.name]),
        (e) => (e && e.name !== 'AbortError' ? done.reject(e) : done.resolve()));
    await done.promise;
    assert.deepEqual(seen[0], ['ADDED', 'noted']);
    assert.ok(seen.slice(1).every(([type, kind]) => type === 'BOOKMARK' && kind === 'ConfigMap'));
});

await check('a watch that is a list too', async () => {
    const seen = [], done = expectation('the initial events');
    const abort = await new k8s.Watch(kc).watch(`/api/v1/namespaces/${NS}/configmaps`,
        { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true },
        (type, o) => {
            seen.push(type === 'BOOKMARK' ? o.metadata.annotations : o.metadata.name);
            if (type === 'BOOKMARK') done.resolve();
        },
        (e) => done.reject(e ?? new Error('ended')));
    await done.promise;
    abort.abort();
    assert.ok(seen.includes('first') && seen.includes('noted'));
    assert.deepEqual(seen.at(-1), { 'k8s.io/initial-events-end': 'true' });
});

await check('a watch of a revision too old', async () => {
    const done = expectation('an ERROR event');
    await make('big');
    for (let i = 0; i < 12; i++) // more than a server remembers
        await core.patchNamespacedConfigMap(
            { name: 'big', namespace: NS, body: { data: { x: 'x'.repeat(1000000) + i } } },
            as(k8s.PatchStrategy.MergePatch));
    await core.deleteNamespacedConfigMap({ name: 'big', namespace: NS });
    await new k8s.Watch(kc).watch(`/api/v1/namespaces/${NS}/configmaps`, { resourceVersion: '1' },
        (type, o) => done.resolve([type, o.kind, o.code, o.reason]), (e) => done.reject(e));
    assert.deepEqual(await done.promise, ['ERROR', 'Status', 410, 'Expired']);
});

await check('lists with limits: all names once, and how many remain', async () => {
    for (let i = 0; i < 5; i++)
        await make(`page-${i}`, {}, { labels: { paged: 'yes' } });
    const names = [];
    let _continue, page;
    do {
        page = await core.listNamespacedConfigMap({ namespace: NS, limit: 2, _continue });
        names.push(...page.items.map((o) => o.metadata.name).filter((n) => n.startsWith('page-')));
        _continue = page.metadata._continue;
    } while (_continue);
    assert.deepEqual(names, [0, 1, 2, 3, 4].map((i) => `page-${i}`));
    const [first, all] = [await core.listNamespacedConfigMap({ namespace: NS, limit: 2 }),
        await core.listNamespacedConfigMap({ namespace: NS })];
    assert.equal(first.metadata.remainingItemCount, all.items.length - 2);
    assert.equal(all.metadata.remainingItemCount, undefined);
});

await check('errors have the bodies and details of a Status', async () => {
    const gone = await refused(404, 'NotFound', () => core.readNamespacedConfigMap({ name: 'nobody', namespace: NS }));
    assert.equal(gone.message, 'configmaps "nobody" not found');
    assert.deepEqual(gone.details, { name: 'nobody', kind: 'configmaps' });
    const twice = await refused(409, 'AlreadyExists', () => make('first'));
    assert.equal(twice.message, 'configmaps "first" already exists');
    const bad = await refused(422, 'Invalid', () => make('No_Good'));
    assert.deepEqual(bad.details.causes.map((c) => [c.reason, c.field]), [['FieldValueInvalid', 'metadata.name']]);
    const stale = await core.readNamespacedConfigMap({ name: 'first', namespace: NS });
    await core.replaceNamespacedConfigMap({ name: 'first', namespace: NS, body: configMap('first', { n: '7' }) });
    stale.data = { n: '8' };
    await refused(409, 'Conflict', () => core.replaceNamespacedConfigMap({ name: 'first', namespace: NS, body: stale }));
    await refused(415, 'UnsupportedMediaType', () => core.patchNamespacedConfigMap(
        { name: 'first', namespace: NS, body: {} }, as('application/json')));
});

await check('fieldValidation Strict', async () => {
    const body = { ...configMap('strict', {}), immutable: true };
    await core.createNamespacedConfigMap({ namespace: NS, body, fieldValidation: 'Strict' });
    const s = await refused(422, 'Invalid', () => core.patchNamespacedConfigMap(
        { name: 'strict', namespace: NS, body: { data: { a: 'b' } } }, as(k8s.PatchStrategy.MergePatch)));
    assert.equal(s.message,
        'ConfigMap "strict" is invalid: data: Forbidden: field is immutable when `immutable` is set');
    const e = await refused(422, 'Invalid', () => core.patchNamespacedConfigMap(
        { name: 'first', namespace: NS, body: { dota: {} }, fieldValidation: 'Strict' },
        as(k8s.PatchStrategy.MergePatch)));
    assert.match(e.message, /patch: Invalid value: .*: strict decoding error: unknown field "dota"/);
});

await check('server-side apply of any object: made, kept, owned, refused, forced', async () => {
    const apply = (o, manager, force) => objects.patch(o, undefined, undefined, manager, force, k8s.PatchStrategy.ServerSideApply);
    const web = (replicas) => ({
        apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: NS },
        spec: {
            replicas, selector: { matchLabels: { app: 'web' } },
            template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'x' }] } },
        },
    });
    const made = await apply(web(1), 'alice');
    assert.equal(made.spec.strategy.type, 'RollingUpdate');
    assert.deepEqual(made.metadata.managedFields.map((f) => [f.manager, f.operation]), [['alice', 'Apply']]);
    const sidecar = {
        apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: NS },
        spec: { template: { spec: { containers: [{ name: 'helper', image: 'h' }] } } },
    };
    const both = await apply(sidecar, 'bob');
    assert.deepEqual(both.spec.template.spec.containers.map((c) => c.name), ['web', 'helper']);
    const s = await refused(409, 'Conflict', () => apply(web(2), 'carol'));
    assert.equal(s.message, 'Apply failed with 1 conflict: conflict with "alice": .spec.replicas');
    assert.equal((await apply(web(2), 'carol', true)).spec.replicas, 2);
    const without = web(2);
    delete without.spec.replicas;
    const kept = await apply(without, 'alice');
    assert.equal(kept.spec.replicas, 2);
    assert.deepEqual(kept.spec.template.spec.containers.map((c) => c.name), ['web', 'helper']);
});

await check('patches: strategic, merge, JSON', async () => {
    const at = { name: 'web', namespace: NS };
    const names = (d) => d.spec.template.spec.containers.map((c) => c.name).sort();
    let d = await apps.patchNamespacedDeployment(
        { ...at, body: { spec: { template: { spec: { containers: [{ name: 'helper', $patch: 'delete' }, { name: 'more', image: 'm' }] } } } } },
        as(k8s.PatchStrategy.StrategicMergePatch));
    assert.deepEqual(names(d), ['more', 'web']);
    d = await apps.patchNamespacedDeployment(
        { ...at, body: { spec: { template: { spec: { containers: [{ name: 'only', image: 'o' }] } } } } },
        as(k8s.PatchStrategy.MergePatch));
    assert.deepEqual(names(d), ['only']);
    d = await apps.patchNamespacedDeployment(
        { ...at, body: [{ op: 'test', path: '/spec/replicas', value: 2 }, { op: 'add', path: '/spec/replicas', value: 3 }] },
        as(k8s.PatchStrategy.JsonPatch));
    assert.equal(d.spec.replicas, 3);
    await refused(422, 'Invalid', () => apps.patchNamespacedDeployment(
        { ...at, body: [{ op: 'test', path: '/spec/replicas', value: 2 }] }, as(k8s.PatchStrategy.JsonPatch)));
    const s = await apps.patchNamespacedDeploymentScale({ ...at, body: { spec: { replicas: 1 } } },
        as(k8s.PatchStrategy.MergePatch));
    assert.deepEqual([s.kind, s.spec.replicas], ['Scale', 1]);
});

await check('objects of any kind: create, read, list, replace, delete', async () => {
    const job = {
        apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'cj', namespace: NS },
        spec: {
            schedule: '@hourly',
            jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } } },
        },
    };
    const made = await objects.create(job);
    assert.equal(made.spec.concurrencyPolicy, 'Allow');
    const read = await objects.read({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'cj', namespace: NS } });
    assert.equal(read.metadata.uid, made.metadata.uid);
    const all = await objects.list('batch/v1', 'CronJob', NS);
    assert.deepEqual([all.kind, all.items.length], ['CronJobList', 1]);
    read.spec.suspend = true;
    assert.equal((await objects.replace(read)).metadata.generation, 2);
    const gone = await objects.delete(job, undefined, undefined, undefined, undefined, 'Background');
    assert.equal(gone.status, 'Success');
});

await check('delete: preconditions, and a finalizer that holds', async () => {
    const at = { name: 'held', namespace: NS };
    await make('held', {}, { finalizers: ['example.com/hold'] });
    await refused(409, 'Conflict', () => core.deleteNamespacedConfigMap({ ...at, body: { preconditions: { uid: 'x' } } }));
    await core.deleteNamespacedConfigMap(at);
    assert.ok((await core.readNamespacedConfigMap(at)).metadata.deletionTimestamp instanceof Date);
    await core.patchNamespacedConfigMap({ ...at, body: [{ op: 'remove', path: '/metadata/finalizers' }] },
        as(k8s.PatchStrategy.JsonPatch));
    await refused(404, 'NotFound', () => core.readNamespacedConfigMap(at));
});

await check('a service account by its token', async () => {
    await core.createNamespacedServiceAccount({ namespace: NS, body: { metadata: { name: 'robot' } } });
    const { status } = await core.createNamespacedServiceAccountToken(
        { name: 'robot', namespace: NS, body: { spec: { audiences: [] } } });
    assert.ok(status.expirationTimestamp > new Date());
    const own = new k8s.KubeConfig();
    own.loadFromClusterAndUser(kc.getCurrentCluster(), { name: 'robot', token: status.token });
    const me = await own.makeApiClient(k8s.AuthenticationV1Api).createSelfSubjectReview({ body: {} });
    assert.equal(me.status.userInfo.username, `system:serviceaccount:${NS}:robot`);
    assert.deepEqual(me.status.userInfo.groups,
        ['system:serviceaccounts', `system:serviceaccounts:${NS}`, 'system:authenticated']);
    await refused(403, 'Forbidden', () => own.makeApiClient(k8s.CoreV1Api).listNamespacedSecret({ namespace: NS }));
});

await check('quantities and microtimes', async () => {
    const leases = kc.makeApiClient(k8s.CoordinationV1Api);
    const at = new k8s.V1MicroTime('2026-01-02T03:04:05.678Z');
    const lease = await leases.createNamespacedLease({
        namespace: NS, body: { metadata: { name: 'l' }, spec: { holderIdentity: 'me', renewTime: at, leaseDurationSeconds: 5 } },
    });
    assert.equal(lease.spec.renewTime, '2026-01-02T03:04:05.678000Z');
    const q = await core.createNamespacedResourceQuota({
        namespace: NS, body: { metadata: { name: 'q' }, spec: { hard: { 'requests.cpu': '1500m', 'requests.memory': '1.5Gi' } } },
    });
    assert.deepEqual(q.spec.hard, { 'requests.cpu': '1500m', 'requests.memory': '1536Mi' });
});

await check('the namespace goes, and all that is in it', async () => {
    await core.deleteNamespace({ name: NS });
    const end = Date.now() + LIMIT;
    for (;;) {
        const there = await core.readNamespace({ name: NS }).catch((e) => (isGone(e) ? null : Promise.reject(e)));
        if (!there) break;
        assert.ok(Date.now() < end, `still ${there.status.phase}: ${JSON.stringify(there.status.conditions)}`);
        await new Promise((next) => setTimeout(next, 100));
    }
    assert.deepEqual((await core.listNamespacedSecret({ namespace: NS })).items, []);
});
process.exit(0);
