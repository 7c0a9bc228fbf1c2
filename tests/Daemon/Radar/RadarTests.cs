using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon.Radar;

/// <summary>From the oplog to the burst, to what is kept for it, to the documents that come back.</summary>
public sealed class RadarTests
{
    private const string Ns = "shop.orders";
    private const int Documents = 3000;
    private const double Late = 7.5;
    private static readonly Guid Orders = new("11111111-1111-4111-8111-111111111111");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Hours after the begin of the source, which was ten hours ago.</summary>
    private static Optime At(double hours, uint ordinal = 1) => OplogRetentionTests.At(hours) with { I = ordinal };

    [Fact]
    public async Task What_a_mass_delete_took_is_kept_and_comes_back_and_goes_when_it_is_settled()
    {
        await using var daemon = await StartAsync();
        await DeleteAllAsync(daemon, At(Late));
        var burst = await BurstAsync(daemon.Metadata);
        (burst.Namespace, burst.DeploymentId, burst.Kinds).ShouldBe((Ns, "d1", BurstKinds.Deletes));
        (burst.Documents, burst.First, burst.HeldSets).ShouldBe((Documents, At(Late), 1));

        // An hour later the window is over, and with it every reason of the policy's.
        await daemon.Source.ShipAsync(Insert(At(9), Ns, Orders, Document(90_000, "goes on")));
        await daemon.WaitForOptimeAsync(At(9));
        await daemon.SnapshotAsync();
        await OplogRetentionTests.GroomAsync(daemon, window: 0);
        var needed = (await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id)).First(static one =>
            one.Optime <= At(Late)
        );
        (await daemon.Metadata.Snapshots.ExpireAsync(needed)).ShouldBeFalse();
        var refused = await Should.ThrowAsync<Foundation.Errors.BackupException>(() =>
            daemon.Metadata.Snapshots.DeleteAsync(needed.Id, evenLast: true)
        );
        refused.Number.ShouldBe(MetadataErrors.KeptForAlert);

        var (contents, _) = await daemon.RestoreAsync(RestorePoint.Before(burst.Before));
        contents[Ns].Keys.Count(static id => id >= 10_000).ShouldBe(Documents);
        var (after, _) = await daemon.RestoreAsync(RestorePoint.UpTo(At(9)));
        after[Ns].Keys.Count(static id => id is >= 10_000 and < 90_000).ShouldBe(0);

        await SettleAsync(daemon.Metadata, burst);
        await OplogRetentionTests.GroomAsync(daemon, window: 0);
        (await daemon.Metadata.Snapshots.ExpireAsync(needed)).ShouldBeTrue();
        await PointInTimeTests.ShouldRefuseAsync(
            daemon,
            Backup.Daemon.DaemonErrors.MomentTooOld,
            RestorePoint.Before(burst.Before)
        );
    }

    [Fact]
    public async Task Operations_of_one_transaction_are_counted_each_at_its_commit()
    {
        await using var daemon = await StartAsync();
        var deleted = new List<BsonDocument>();
        for (var id = 0; id < Documents; id++)
        {
            deleted.Add(
                BsonDocument.Build(w =>
                    w.String("op"u8, "d")
                        .String("ns"u8, Ns)
                        .Uuid("ui"u8, Orders)
                        .Document("o"u8, BsonDocument.Build(o => o.Int32("_id"u8, 10_000 + id)))
                )
            );
        }

        void Operations(BsonWriter o)
        {
            o.BeginArray("applyOps"u8);
            foreach (var (index, one) in deleted.Index())
            {
                o.Document(System.Text.Encoding.ASCII.GetBytes($"{index}"), one);
            }

            o.EndArray();
        }

        await daemon.Source.ShipAsync(
            Transaction(
                At(Late),
                7,
                Optime.Zero,
                o =>
                {
                    Operations(o);
                    o.Boolean("prepare"u8, true);
                }
            ),
            Noop(At(Late + 0.01)),
            Commit(At(Late + 0.02), 7, At(Late), At(Late + 0.005))
        );
        var burst = await BurstAsync(daemon.Metadata);
        burst.Documents.ShouldBe(Documents);
        burst.First.Timestamp.ShouldBe(At(Late + 0.005).Timestamp, "the transaction belongs to its commit time");
    }

    [Fact]
    public async Task A_drop_is_noticed_and_what_moves_to_another_shard_is_not()
    {
        await using var daemon = await StartAsync();
        await daemon.Source.ShipAsync([
            .. Enumerable
                .Range(0, Documents)
                .Select(id => Migrated(Delete(At(Late - 1, (uint)id + 1), Ns, Orders, 10_000 + id))),
        ]);
        await daemon.Source.ShipAsync(
            Command(At(Late), "shop.$cmd", BsonDocument.Build(w => w.String("drop"u8, "orders")), Orders)
        );
        var burst = await BurstAsync(daemon.Metadata);
        (burst.Kinds, burst.First).ShouldBe((BurstKinds.Drops, At(Late)));
        burst.Documents.ShouldBeGreaterThanOrEqualTo(Documents, "about as many as the head had written");
    }

    [Fact]
    public async Task What_is_read_again_after_a_restart_is_counted_once()
    {
        await using var daemon = await StartAsync();
        await DeleteAllAsync(daemon, At(Late));
        var burst = await BurstAsync(daemon.Metadata);
        // Without a checkpoint: all of it is read again.
        await daemon.StopAsync();
        daemon.Start();
        await daemon.WaitForOptimeAsync(At(Late));
        await daemon.SnapshotAsync();
        await daemon.StopAsync();
        daemon.Start();
        await daemon.Source.ShipAsync(Insert(At(9), Ns, Orders, Document(90_000, "goes on")));
        await daemon.WaitForOptimeAsync(At(9));
        await daemon.SnapshotAsync();

        var again = (await daemon.Metadata.Radar.OpenAsync()).ShouldHaveSingleItem();
        (again.Id, again.First).ShouldBe((burst.Id, burst.First));
        var radar = (await daemon.Metadata.Radar.FindAsync(daemon.Source.Set.Id))!;
        radar.Through.ShouldBe(At(9));
        (await daemon.Metadata.Radar.RatesAsync(daemon.Source.Set.Id))
            .Select(static one => one.Namespace)
            .ShouldBe([Ns]);
    }

    [Fact]
    public async Task Where_nobody_wants_to_hear_of_it_nothing_is_kept()
    {
        await using var daemon = await StartAsync();
        var group = (await daemon.Metadata.Deployments.FindAsync("d1"))!.GroupId;
        await daemon.Metadata.AlertRules.SetAsync(new AlertRule(group, "d1", MassChange.Condition, false, null, null));
        await DeleteAllAsync(daemon, At(Late));
        await daemon.SnapshotAsync();
        (await daemon.Metadata.Radar.OpenAsync()).ShouldBeEmpty();
        (await daemon.Metadata.Radar.RatesAsync(daemon.Source.Set.Id)).ShouldNotBeEmpty("it is learnt all the same");
    }

    [Fact]
    public async Task Shards_that_lose_a_collection_have_one_burst_and_each_set_is_held()
    {
        await using var scene = await ClusterScene.StartAsync();
        foreach (var set in new[] { "s1", "s0" })
        {
            var second = set == "s1" ? 40u : 41u;
            await scene[set]
                .ShipAsync(
                    Noop(ClusterScene.At(30)),
                    Entry(
                        ClusterScene.At(second),
                        "c",
                        "shop.$cmd",
                        ClusterScene.OrdersId,
                        static w =>
                            w.Document("o"u8, BsonDocument.Build(o => o.String("drop"u8, "orders")))
                                .Document("o2"u8, BsonDocument.Build(o => o.Int64("numRecords"u8, 50_000)))
                    )
                );
        }

        await scene["config"].ShipAsync(Noop(ClusterScene.At(60)));
        // Of the config servers and both shards.
        await UntilAsync(scene.Daemon.Metadata, static open => open is [{ Documents: 100_000, HeldSets: 3 }]);
        var burst = (await scene.Daemon.Metadata.Radar.OpenAsync())[0];
        (burst.DeploymentId, burst.Namespace).ShouldBe((ClusterScene.Id, "shop.orders"));
        burst.First.T.ShouldBe(ClusterScene.At(40).T, "the first shard's");
    }

    /// <summary>Ten hours of a source, with a snapshot each, and documents in it.</summary>
    private static async Task<DaemonFixture> StartAsync()
    {
        var daemon = await DaemonFixture.StartAsync();
        daemon.Source.Lists(Ns, Orders);
        await daemon.Source.BeginAsync("s1", At(0));
        await daemon.Source.CopyAsync(Orders, Document(1, "one"));
        await daemon.Source.DoneAsync(Orders);
        await daemon.Source.CopiedAsync(At(0));
        await daemon.Source.ShipAsync(Noop(At(0)), Insert(At(0.01), Ns, Orders, Document(2, "two")));
        await daemon.SnapshotAsync();
        // The radar is young: ten times what is let pass else.
        await daemon.Metadata.Radar.SaveAsync(
            new RadarRecord(daemon.Source.Set.Id, At(0).T - (3 * 86400), At(0)),
            [],
            []
        );
        await daemon.StopAsync();
        daemon.Start();
        await daemon.Source.ShipAsync([
            .. Enumerable
                .Range(0, Documents)
                .Select(id => Insert(At(1, (uint)id + 1), Ns, Orders, Document(10_000 + id, "x"))),
        ]);
        await daemon.WaitForOptimeAsync(At(1, Documents));
        await daemon.SnapshotAsync();
        return daemon;
    }

    private static async Task DeleteAllAsync(DaemonFixture daemon, Optime first)
    {
        await daemon.Source.ShipAsync([
            .. Enumerable
                .Range(0, Documents)
                .Select(id => Delete(first with { I = (uint)id + 1 }, Ns, Orders, 10_000 + id)),
        ]);
        await daemon.WaitForOptimeAsync(first with { I = Documents });
    }

    private static BsonDocument Migrated(BsonDocument entry) =>
        BsonDocument.Build(w => w.RawElements(entry.View.Bytes[4..^1]).Boolean("fromMigrate"u8, true));

    private static async Task<BurstRecord> BurstAsync(IMetadataStore metadata)
    {
        await UntilAsync(metadata, static open => open is [{ HeldSets: > 0 }]);
        return (await metadata.Radar.OpenAsync())[0];
    }

    private static async Task UntilAsync(IMetadataStore metadata, Func<IReadOnlyList<BurstRecord>, bool> reached)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (await metadata.Radar.OpenAsync() is var open && !reached(open))
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(begun) < Patience,
                $"there are {open.Count}: {string.Join("; ", open)}"
            );
            await metadata.WaitForChangeAsync(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        }
    }

    /// <summary>As somebody does who resolves the alert of it.</summary>
    private static async Task SettleAsync(IMetadataStore metadata, BurstRecord burst)
    {
        await metadata.Alerts.RaiseAsync(new AlertRaise(MassChange.Condition, burst.Id, "BK8844", "…", "…"));
        var alert = (await metadata.Alerts.ListAsync())[0];
        await metadata.Alerts.CloseAsync(alert.Id, "restored");
        (await metadata.Radar.EndResolvedAsync()).ShouldBe(1);
    }
}
