using Backup.MongoWire.Bson;
using Backup.Sandbox;
using Shouldly;
using Xunit;

namespace Backup.Tests.Sandbox;

public sealed class SandboxReplicaSetTests
{
    [Fact]
    public async Task AFrozenMajorityStaysBehindAndCatchesUpWhenThawed()
    {
        await using var set = await SandboxReplicaSet.StartAsync();
        var before = set.MajorityOptime;
        set.FreezeMajority(true);
        var last = set.Insert("db", "c", BsonDocument.Empty);
        set.MajorityOptime.ShouldBe(before);
        set.FreezeMajority(false);
        set.MajorityOptime.ShouldBe(last);
    }

    [Fact]
    public async Task TheOplogRollsOverAtItsSize()
    {
        await using var set = await SandboxReplicaSet.StartAsync(new SandboxOptions { OplogBytes = 64 << 10 });
        for (var i = 0; i < 2000; i++)
        {
            set.Insert("db", "c", BsonDocument.Empty);
        }

        set.Oplog().Sum(static entry => entry.Length).ShouldBeLessThanOrEqualTo(64 << 10);
        set.Documents("db", "c").Count.ShouldBe(2000);
        set.Oplog()[^1].View["ts"u8].AsTimestamp.ShouldBe(set.LastOptime.Timestamp);
    }

    [Fact]
    public void ASyntheticCollectionGivesTheSameBytesAtTheSizeAskedFor()
    {
        var made = SyntheticCollection.Random("big", "events", 10, [64, 1000, 16 << 20]);
        foreach (var ordinal in new long[] { 0, 1, 2, 4 })
        {
            var document = made.Generate(ordinal);
            document.ShouldBe(made.Generate(ordinal));
            document.Length.ShouldBe(new[] { 64, 1000, 16 << 20 }[ordinal % 3]);
            document.View["_id"u8].AsInt64.ShouldBe(ordinal);
            BsonValidator.Validate(document.Span);
        }
    }

    [Fact]
    public async Task AWorkloadWorksAndEndsWhenDisposed()
    {
        await using var set = await SandboxReplicaSet.StartAsync();
        await using (var workload = SandboxWorkload.Start(set, new SandboxWorkloadOptions { Rate = 1000 }))
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (workload.Operations < 200)
            {
                await Task.Delay(10, limit.Token);
            }
        }

        var after = set.OplogEntries;
        set.Documents("shop", "customers").Count.ShouldBe(200);
        set.Documents("shop", "orders").ShouldNotBeEmpty();
        await Task.Delay(50);
        set.OplogEntries.ShouldBe(after);
    }
}
