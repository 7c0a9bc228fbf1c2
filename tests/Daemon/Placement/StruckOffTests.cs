using Backup.Blockstore;
using Backup.Blockstore.Mongo;
using Backup.Blockstore.Shared;
using Backup.Daemon;
using Backup.Daemon.Grooming;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Snapshots.Reading;
using Backup.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon.Placement;

/// <summary>A daemon whose session with the block store on MongoDB was ended by another process that grooms.</summary>
public sealed class StruckOffTests : IAsyncLifetime
{
    private const string Ns = "shop.orders";
    private static readonly Guid Orders = new("11111111-1111-4111-8111-111111111111");

    private DaemonFixture _stores = null!;
    private IAsyncDisposable _deployment = null!;
    private MongoClient _client = null!;

    private static Optime At(uint t) => new(t, 1, 1);

    public async Task InitializeAsync()
    {
        _stores = await DaemonFixture.CreateAsync();
        await _stores.Groomer.StopAsync();
        await _stores.Source.RegisterAsync();
        string uri;
        if (RealMongo.Binary is null)
        {
            var sandbox = await SandboxSet.StartAsync(members: 1);
            (_deployment, uri) = (sandbox, sandbox.ConnectionString);
        }
        else
        {
            var mongo = await RealMongo.StartAsync();
            (_deployment, uri) = (mongo, mongo.ConnectionString);
        }

        _client = new MongoClient(ConnectionString.Parse(uri), new MongoClientOptions());
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _deployment.DisposeAsync();
        await _stores.DisposeAsync();
    }

    [Fact]
    public async Task It_writes_nothing_more_and_goes_on_once_the_store_is_opened_again()
    {
        // No sign of life but what it gives when it flushes.
        await using var store = await OpenAsync(new SharedStoreOptions { BeatInterval = TimeSpan.FromMinutes(1) });
        await using (var host = Start(store))
        {
            await SyncAsync();
            await _stores.WaitForStateAsync(ReplicaSetState.Tailing);
            await _stores.Source.ShipAsync(Insert(At(110), Ns, Orders, Document(3, "three")));
            (await ReadAsync(store, await _stores.TakeSnapshotAsync())).ShouldBe([1, 2, 3]);

            await GroomByAnotherAsync(store.Session);
            var head = await _stores.Metadata.Heads.FindAsync("r1");
            // It does not know that yet: what it would write down is refused, and it is not granted the head again.
            store.HasStopped.ShouldBeFalse();
            await _stores.UntilAsync(() => Task.FromResult(host.Heads.Count == 0), () => "it keeps the head");
            await _stores.Source.ShipAsync(Insert(At(111), Ns, Orders, Document(4, "four")));
            var sessions = SharedStores.SessionsOf(store);
            var lease = await _stores.Metadata.HeadLeases.FindAsync("r1");
            (
                await Should.ThrowAsync<BackupException>(() =>
                    _stores.Metadata.HeadLeases.GrantAsync("r1", "daemon", "run", lease, sessions)
                )
            ).Number.ShouldBe(MetadataErrors.StoreSessionRevoked);

            (await Should.ThrowAsync<BackupException>(() => store.FlushAsync())).Number.ShouldBe(
                BlockstoreErrors.SessionEnded
            );
            host.HasStopped.ShouldBeTrue();
            await _stores.UntilAsync(
                async () => (await _stores.Metadata.Daemons.ListAsync()).All(one => one.StoppedAt is not null),
                () => "it says that it works"
            );
            (await _stores.Metadata.HeadLeases.FindAsync("r1"))!.DaemonId.ShouldBeNull();
            (await _stores.Metadata.Heads.FindAsync("r1")).ShouldBe(head);
        }

        await using var again = await OpenAsync(new SharedStoreOptions());
        await using var next = Start(again);
        (await ReadAsync(again, await _stores.TakeSnapshotAsync())).ShouldBe([1, 2, 3, 4]);
        next.HasStopped.ShouldBeFalse();
    }

    /// <summary>Another process grooms, and strikes off whoever is silent for four of its beats.</summary>
    private async Task GroomByAnotherAsync(Guid silent)
    {
        var time = new ManualTime();
        await using var other = await OpenAsync(
            new SharedStoreOptions
            {
                BeatInterval = TimeSpan.FromSeconds(1),
                SilenceLimit = TimeSpan.FromSeconds(4),
                Fence = new PublicationFence(_stores.Metadata),
                Time = time,
            }
        );
        var groom = other.GroomAsync(new StoreRoots(_stores.Metadata, other, TimeProvider.System));
        while (!groom.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.WhenAny(groom, Task.Delay(20));
        }

        (await groom).LiveBlocks.ShouldBeGreaterThan(0);
        (await _stores.Metadata.StoreSessions.IsAnyRevokedAsync([silent])).ShouldBeTrue();
    }

    private Task<MongoBlockStore> OpenAsync(SharedStoreOptions sharing) =>
        MongoBlockStore.OpenAsync(_client, new MongoStoreOptions { Sharing = sharing });

    private DaemonHost Start(IBlockStore blocks) =>
        DaemonHost.Start(
            _stores.Metadata,
            blocks,
            _stores.Objects,
            new DaemonOptions
            {
                SpillFolder = _stores.SpillFolder,
                Name = "daemon",
                DaemonBeat = TimeSpan.FromMilliseconds(100),
            },
            keepsHeads: true,
            TimeProvider.System,
            NullLoggerFactory.Instance
        );

    private static async Task<List<int>> ReadAsync(IBlockStore blocks, SnapshotRecord snapshot)
    {
        BlockId.TryParse(snapshot.ManifestBlock, out var manifest).ShouldBeTrue();
        var reader = await SnapshotReader.OpenAsync(blocks, manifest);
        var ids = new List<int>();
        await using var cursor = reader.OpenCollection(Orders);
        while (await cursor.MoveNextAsync())
        {
            ids.Add(cursor.View["_id"u8].AsInt32);
        }

        return ids;
    }

    private async Task SyncAsync()
    {
        _stores.Source.Lists(Ns, Orders);
        await _stores.Source.BeginAsync("s1", At(100));
        await _stores.Source.CopyAsync(Orders, Document(1, "one"), Document(2, "two"));
        await _stores.Source.DoneAsync(Orders);
        await _stores.Source.CopiedAsync(At(105));
        await _stores.Source.ShipAsync(Noop(At(100)), Noop(At(105)));
    }
}
