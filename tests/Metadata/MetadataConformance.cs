using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.Secrets;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

/// <summary>What every implementation of <see cref="IMetadataStore"/> promises; one class per implementation opens the store.</summary>
public abstract partial class MetadataConformance : IAsyncLifetime
{
    private IMetadataStore? _store;

    private readonly TemporaryFolder _keys = new();

    protected ManualTime Time { get; } = new();

    /// <summary>Of this process: that key, as long as no test says another one.</summary>
    protected UriSeal Uris { get; private set; } = new();

    protected IMetadataStore Store => _store!;

    /// <summary>Opens the store of this test, empty at first.</summary>
    protected abstract Task<IMetadataStore> OpenAsync();

    /// <summary>Removes what the store left behind.</summary>
    protected abstract Task RemoveAsync();

    public async Task InitializeAsync()
    {
        Uris = Key("box.key");
        _store = await OpenAsync();
    }

    public async Task DisposeAsync()
    {
        try
        {
            await ShouldBeExportedWholeAsync();
        }
        finally
        {
            await Store.DisposeAsync();
            await RemoveAsync();
            _keys.Dispose();
        }
    }

    /// <summary>That key, made where there is none.</summary>
    private UriSeal Key(string name)
    {
        var seal = new UriSeal();
        var box = SecretBox.Ensure(_keys.File(name));
        seal.Unlock(() => box);
        return seal;
    }

    /// <summary>As after a restart, with another key or with none.</summary>
    private async Task ReopenAsync(UriSeal uris)
    {
        Uris = uris;
        await ReopenAsync();
    }

    /// <summary>As after a restart.</summary>
    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        _store = await OpenAsync();
    }

    protected static Optime At(uint t, uint i = 1, long term = 1) => new(t, i, term);

    protected static byte[] Hash(byte seed) => [.. Enumerable.Range(0, 32).Select(n => (byte)(n * seed))];

    protected static async Task ShouldFailAsync(int number, Func<Task> work) =>
        (await Should.ThrowAsync<BackupException>(work)).Number.ShouldBe(number);

    protected async Task<Group> GroupAsync() => await Store.Access.EnsureGroupAsync("default");

    protected async Task<Deployment> DeploymentAsync(string uri = "mongodb://db1,db2/?replicaSet=rs0")
    {
        var group = await GroupAsync();
        return await Store.Deployments.EnsureAsync(
            new Deployment(Guid.NewGuid().ToString("N"), group.Id, "orders", "replicaSet", uri, Time.GetUtcNow())
        );
    }

    protected async Task<ReplicaSetRecord> ReplicaSetAsync(string setId = "5f0000000000000000000001")
    {
        var deployment = await DeploymentAsync();
        return await Store.Deployments.EnsureReplicaSetAsync(NewReplicaSet(deployment.Id, setId));
    }

    protected static ReplicaSetRecord NewReplicaSet(string deploymentId, string setId) =>
        new(
            Guid.NewGuid().ToString("N"),
            deploymentId,
            "rs0",
            setId,
            "4.2.4",
            "4.2",
            "wiredTiger",
            ReplicaSetState.Waiting,
            null,
            null,
            null,
            null,
            Optime.Zero,
            null
        );

    internal static ReplicaSetRecord SomeReplicaSet(string id, string deploymentId) =>
        NewReplicaSet(deploymentId, "5f0000000000000000000001") with
        {
            Id = id,
        };

    protected static readonly Guid Orders = Guid.Parse("A0B1C2D3-0000-4000-8000-00000000000A");
    protected static readonly Guid Items = Guid.Parse("A0B1C2D3-0000-4000-8000-00000000000B");

    protected async Task<SyncRecord> SyncAsync(ReplicaSetRecord set, params Guid[] collections)
    {
        var sync = new SyncRecord(
            Guid.NewGuid().ToString("N"),
            set.Id,
            SyncState.Copying,
            At(100),
            null,
            Time.GetUtcNow()
        );
        await Store.Syncs.BeginAsync(sync, [1, 2, 3], [.. collections.Select(uuid => NewCollection(sync.Id, uuid))]);
        return sync;
    }

    protected static SyncCollection NewCollection(string syncId, Guid uuid, int range = 0) =>
        new(syncId, uuid, $"shop.c{uuid.ToString("D")[^1]}", range, 1000, 50_000, 0, 0, 0, null, false);

    protected static SyncSlice NewSlice(string syncId, Guid uuid, long sequence, int range = 0) =>
        new(syncId, uuid, range, sequence, $"s/{syncId}/{range}/{sequence}", 10, 4000, 900, Hash(3));

    protected OplogSlice NewOplog(SyncRecord sync, long sequence, Optime previous, Optime last) =>
        new(
            sync.ReplicaSetId,
            sync.Id,
            sequence,
            previous,
            sequence == 0 ? previous : new Optime(previous.T, previous.I + 1, previous.Term),
            last,
            7,
            $"o/{sync.Id}/{sequence}",
            5000,
            800,
            Hash(5),
            Time.GetUtcNow()
        );

    protected HeadRecord NewHead(SyncRecord sync, Optime optime) =>
        new(sync.ReplicaSetId, sync.Id, new string('a', 64), optime, At(optime.T - 1), true, 4711, Time.GetUtcNow());

    protected JobRecord NewJob(string kind = "snapshot") =>
        new(
            Guid.NewGuid().ToString("N"),
            kind,
            null,
            JobState.Queued,
            "{}",
            null,
            "",
            0,
            null,
            null,
            null,
            0,
            Time.GetUtcNow(),
            null,
            null,
            null,
            null
        );
}
