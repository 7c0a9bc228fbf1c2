using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Mongo;
using Backup.Metadata.Mongo.Collections;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata.Mongo;

/// <summary>What several processes that share the database may rely on, and what becomes of databases that are not as they should be.</summary>
public abstract class MongoStoreTests(MongoServer server) : IAsyncLifetime
{
    private readonly ManualTime _time = new();

    /// <summary>Of this test alone.</summary>
    private readonly string _database = $"t{Guid.NewGuid():N}";

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.RunAsync(_database, """{"dropDatabase":1}""");

    [Fact]
    public async Task Several_may_open_a_new_database_at_the_same_time()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OpenAsync()));
        var groups = await Task.WhenAll(stores.Select(store => store.Access.EnsureGroupAsync("g")));
        groups.Distinct().ShouldHaveSingleItem();
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task What_the_release_before_had_no_collection_for_is_there_once_this_one_has_opened_the_database()
    {
        string groupId;
        await using (var store = await OpenAsync())
        {
            groupId = (await store.Access.EnsureGroupAsync("g")).Id;
        }

        await server.RunAsync(_database, $$"""{"drop":"{{DaemonCollections.GroupStores.Name}}"}""");
        await server.RunAsync(_database, $$"""{"drop":"{{DaemonCollections.GroupTags.Name}}"}""");

        await using var opened = await OpenAsync();
        // In a transaction, which makes no collection.
        (await opened.GroupStores.AssignAsync(groupId, "fast", SomeStores.Plain("main", "fast"))).Store.ShouldBe(
            "fast"
        );
        (await opened.GroupStores.TagsAsync()).ShouldBeEmpty();
        var tagged = await opened.GroupStores.SetTagsAsync(groupId, ["eu"], [SomeStores.Having("main", "eu")]);
        tagged.Place!.Store.ShouldBe("main");
    }

    [Fact]
    public async Task Of_processes_that_decide_on_the_same_state_one_wins()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();
        var deployment = await DeploymentAsync(one);
        var grants = await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(n => (n % 2 == 0 ? one : other).Leases.GrantAsync(deployment.Id, $"a{n}", "run", null))
        );
        grants.OfType<AgentLease>().ShouldHaveSingleItem().Fence.ShouldBe(1);
        var values = await Task.WhenAll(
            Enumerable.Range(0, 16).Select(n => (n % 2 == 0 ? one : other).Settings.EnsureAsync("s", $"{n}"))
        );
        values.Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Writes_of_many_in_several_processes_are_all_there_and_in_one_order()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();
        var group = await one.Access.EnsureGroupAsync("g");
        await Task.WhenAll(
            Enumerable
                .Range(0, 24)
                .Select(n =>
                    (n % 2 == 0 ? one : other).Deployments.EnsureAsync(
                        new Deployment($"d{n}", group.Id, "n", "replicaSet", $"mongodb://h{n}", _time.GetUtcNow())
                    )
                )
        );
        var listed = await one.Deployments.ListAsync();
        listed.Count.ShouldBe(24);
        (await other.Deployments.ListAsync()).ShouldBe(listed);
    }

    [Fact]
    public async Task Under_a_lease_that_another_process_grants_anew_nothing_more_is_written()
    {
        await using var front = await OpenAsync();
        await using var other = await OpenAsync();
        var deployment = await DeploymentAsync(front);
        var set = await front.Deployments.EnsureReplicaSetAsync(NewSet(deployment.Id));
        var lease = (await front.Leases.GrantAsync(deployment.Id, "a", "run", null))!;
        var writes = 0;
        using var started = new SemaphoreSlim(0);
        var writers = Enumerable
            .Range(0, 4)
            .Select(_ =>
                Task.Run(async () =>
                {
                    var view = front.Under(new LeaseProof(deployment.Id, "a", lease.Fence));
                    while (true)
                    {
                        try
                        {
                            var code = $"{Interlocked.Increment(ref writes)}";
                            await view.Deployments.SetStateAsync(set.Id, ReplicaSetState.Stopped, code);
                            started.Release();
                        }
                        catch (BackupException over)
                        {
                            return over.Number;
                        }
                    }
                })
            )
            .ToList();
        await started.WaitAsync();
        (await other.Leases.GrantAsync(deployment.Id, "b", "run", lease)).ShouldNotBeNull();
        var after = await other.Deployments.FindReplicaSetAsync(set.Id);
        (await Task.WhenAll(writers)).ShouldAllBe(number => number == MetadataErrors.LeaseLost);
        (await other.Deployments.FindReplicaSetAsync(set.Id)).ShouldBe(after);
    }

    [Fact]
    public async Task Of_two_processes_that_each_remove_one_of_the_last_two_snapshots_one_fails()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();
        var deployment = await DeploymentAsync(one);
        var set = await one.Deployments.EnsureReplicaSetAsync(NewSet(deployment.Id));
        await one.Snapshots.AddAsync(NewSnapshot(set.Id, "left"));
        for (var round = 0; round < 10; round++)
        {
            // Each finds the other one there: were both committed, nothing would be left to restore from.
            var left = (await one.Snapshots.ListAsync(set.Id)).ShouldHaveSingleItem();
            var added = NewSnapshot(set.Id, $"s{round}");
            await one.Snapshots.AddAsync(added);
            var expired = await Task.WhenAll(one.Snapshots.ExpireAsync(left), other.Snapshots.ExpireAsync(added));
            expired.Count(gone => gone).ShouldBe(1, $"round {round}");
        }
    }

    [Fact]
    public async Task Of_processes_that_take_jobs_none_gets_the_job_of_another()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();
        for (var n = 0; n < 12; n++)
        {
            await one.Jobs.AddAsync(NewJob($"j{n}"));
        }

        var taken = await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(n => (n % 2 == 0 ? one : other).Jobs.TakeAsync(["snapshot"], $"o{n}", TimeSpan.FromMinutes(1)))
        );
        taken
            .OfType<JobRecord>()
            .Select(job => job.Id)
            .ShouldBe(Enumerable.Range(0, 12).Select(n => $"j{n}"), ignoreOrder: true);
    }

    [Fact]
    public async Task What_is_too_much_for_one_document_or_one_transaction_is_kept_and_removed_all_the_same()
    {
        await using var store = await OpenAsync();
        var deployment = await DeploymentAsync(store);
        var set = await store.Deployments.EnsureReplicaSetAsync(NewSet(deployment.Id));
        var catalogue = new byte[20 << 20];
        new Random(7).NextBytes(catalogue);
        var sync = new SyncRecord("y", set.Id, SyncState.Copying, At(100), null, _time.GetUtcNow());
        var copies = Enumerable.Range(0, 2500).Select(n => NewCopy(sync.Id, n)).ToList();
        await store.Syncs.BeginAsync(sync, catalogue, copies);
        (await store.Syncs.CatalogueAsync(sync.Id)).AsSpan().SequenceEqual(catalogue).ShouldBeTrue();
        (await store.Syncs.CollectionsAsync(sync.Id)).Count.ShouldBe(2500);
        (await store.Syncs.ProgressAsync(sync.Id)).ShouldBe(new SyncProgress(2500, 0, 0, 2500, 0, 5000));

        const int slices = 1100;
        for (var n = 0; n < slices; n++)
        {
            (await store.OplogSlices.AddAsync(NewOplog(sync, n))).ShouldBeTrue();
        }

        (await store.OplogSlices.RemoveBeforeAsync(sync.Id, At(uint.MaxValue))).ShouldBe(slices - 1);
        (await store.OplogSlices.ExtentAsync(sync.Id)).ShouldBe(
            new OplogExtent(At(100 + slices - 1), At(100 + slices - 1, 2), At(100 + slices))
        );
        (await store.OplogSlices.DoomedAsync(2 * slices)).Count.ShouldBe(slices - 1);
    }

    [Fact]
    public async Task A_write_of_another_process_wakes_who_waits()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();
        for (var n = 0; n < 3; n++)
        {
            var seen = other.ChangeCount;
            var waiter = other.WaitForChangeAsync(seen, TimeSpan.FromMinutes(5));
            await one.Settings.SetAsync("a", $"{n}");
            await waiter.WaitAsync(TimeSpan.FromSeconds(20));
            other.ChangeCount.ShouldBeGreaterThan(seen);
        }
    }

    [Fact]
    public async Task What_was_written_while_nobody_waited_is_noticed_too()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();
        var seen = other.ChangeCount;
        await one.Settings.SetAsync("a", "b");
        await other.WaitForChangeAsync(seen, TimeSpan.FromMinutes(5)).WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_left_alone()
    {
        await (await OpenAsync()).DisposeAsync();
        await server.RunAsync(
            _database,
            """{"update":"meta","updates":[{"q":{"_id":"schema"},"u":{"$set":{"version":99} } }],"writeConcern":{"w":"majority"} }"""
        );
        (await FailureAsync(OpenAsync)).ShouldBe(MetadataErrors.NewerSchema);
    }

    [Fact]
    public async Task A_database_of_somebody_else_is_refused_and_left_alone()
    {
        await server.RunAsync(
            _database,
            """{"insert":"theirs","documents":[{"_id":1}],"writeConcern":{"w":"majority"} }"""
        );
        (await FailureAsync(OpenAsync)).ShouldBe(MetadataErrors.ForeignDatabase);
        var left = await server.RunAsync(_database, """{"listCollections":1,"nameOnly":true}""");
        left.View["cursor"u8]
            .AsDocument["firstBatch"u8]
            .AsDocument["0"u8]
            .AsDocument["name"u8]
            .AsString.ShouldBe("theirs");
        left.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument.TryGet("1"u8, out _).ShouldBeFalse();
    }

    [Fact]
    public async Task A_making_that_was_left_off_is_brought_to_its_end()
    {
        await server.RunAsync(_database, """{"create":"groups"}""");
        await using var store = await OpenAsync();
        await store.Access.EnsureGroupAsync("g");
        var indexes = await server.RunAsync(_database, """{"listIndexes":"groups"}""");
        indexes
            .View["cursor"u8]
            .AsDocument["firstBatch"u8]
            .AsDocument.Has("1"u8)
            .ShouldBeTrue("its unique index is there");
    }

    [Fact]
    public async Task An_older_schema_is_brought_up_to_date_once_by_one_of_many()
    {
        await (await OpenAsync(First)).DisposeAsync();
        var (runs, together, most) = (0, 0, 0);
        var options = new MongoMetadataOptions
        {
            Time = _time,
            Migrations =
            [
                async (_, cancellation) =>
                {
                    Interlocked.Increment(ref runs);
                    most = Math.Max(most, Interlocked.Increment(ref together));
                    await Task.Delay(300, cancellation);
                    Interlocked.Decrement(ref together);
                },
            ],
        };
        var stores = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => OpenAsync(options)));
        (runs, most).ShouldBe((1, 1));
        await stores[0].Settings.SetAsync("a", "b");
        (await stores[1].Settings.FindAsync("a")).ShouldBe("b");
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }

        (await FailureAsync(() => OpenAsync(First))).ShouldBe(
            MetadataErrors.NewerSchema,
            "this release does not know that step"
        );
    }

    [Fact]
    public async Task A_step_that_fails_leaves_the_version_and_is_done_by_the_next_once_the_holder_is_silent()
    {
        await (await OpenAsync(First)).DisposeAsync();
        var fails = new MongoMetadataOptions
        {
            Time = _time,
            Migrations = [(_, _) => throw new InvalidOperationException("in its midst")],
        };
        await Should.ThrowAsync<InvalidOperationException>(() => OpenAsync(fails));
        var runs = 0;
        var works = fails with
        {
            MigrationSilence = TimeSpan.FromSeconds(1),
            Migrations =
            [
                (_, _) =>
                {
                    runs++;
                    return Task.CompletedTask;
                },
            ],
        };
        await (await OpenAsync(works)).DisposeAsync();
        runs.ShouldBe(1);
    }

    [Theory]
    [InlineData("admin")]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a b")]
    [InlineData("$x")]
    public async Task A_name_that_is_none_is_refused(string name)
    {
        (await FailureAsync(() => server.OpenAsync(_time, name))).ShouldBe(MetadataErrors.WrongDatabaseName);
    }

    /// <summary>A release that knows no step.</summary>
    private MongoMetadataOptions First => new() { Time = _time, Migrations = [] };

    private Task<MongoMetadataStore> OpenAsync() => server.OpenAsync(_time, _database);

    private Task<MongoMetadataStore> OpenAsync(MongoMetadataOptions options) =>
        MongoMetadataStore.OpenAsync(server.ConnectionString, _database, options);

    private async Task<Deployment> DeploymentAsync(MongoMetadataStore store)
    {
        var group = await store.Access.EnsureGroupAsync("g");
        return await store.Deployments.EnsureAsync(
            new Deployment("d", group.Id, "orders", "replicaSet", "mongodb://h", _time.GetUtcNow())
        );
    }

    private static ReplicaSetRecord NewSet(string deploymentId) =>
        new(
            "r",
            deploymentId,
            "rs0",
            "5f0000000000000000000001",
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

    private static Optime At(uint t, uint i = 1) => new(t, i, 1);

    private SnapshotRecord NewSnapshot(string replicaSetId, string id) =>
        new(id, replicaSetId, At(10), $"m-{id}", 1, 2, 3, 4, 0.5, "policy", _time.GetUtcNow(), null);

    private static SyncCollection NewCopy(string syncId, int n) =>
        new(syncId, new Guid(n, 0, 0, new byte[8]), $"shop.c{n}", 0, 1, 2, 0, 0, 0, null, false);

    private OplogSlice NewOplog(SyncRecord sync, int n) =>
        new(
            sync.ReplicaSetId,
            sync.Id,
            n,
            At(100 + (uint)n),
            n == 0 ? At(100) : At(100 + (uint)n, 2),
            At(101 + (uint)n),
            1,
            $"o/{n}",
            10,
            5,
            [1, 2, 3],
            _time.GetUtcNow()
        );

    private JobRecord NewJob(string id) =>
        new(
            id,
            "snapshot",
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
            _time.GetUtcNow(),
            null,
            null,
            null,
            null
        );

    private static async Task<int> FailureAsync(Func<Task> work) =>
        (await Should.ThrowAsync<BackupException>(work)).Number;
}

[Collection(RealServerTests.Name)]
public sealed class RealMongoStoreTests(RealServer server) : MongoStoreTests(server);

[Collection(SandboxServerTests.Name)]
public sealed class SandboxMongoStoreTests(SandboxServer server) : MongoStoreTests(server);
