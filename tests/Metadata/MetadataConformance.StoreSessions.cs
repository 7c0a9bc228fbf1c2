using Backup.Foundation.Errors;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task Whoever_works_under_a_session_that_was_struck_off_writes_nothing_more()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set);
        await Store.Syncs.CopiedAsync(sync.Id, At(200));
        var (own, others) = (Guid.NewGuid(), Guid.NewGuid());
        var held = (await Store.HeadLeases.GrantAsync(set.Id, "a", "run", null, [others, own]))!;
        var kept = Store.Under(new HeadProof(set.Id, "a", held.Fence));
        await kept.Syncs.BuiltAsync(sync.Id, NewHead(sync, At(200)));

        (await Store.StoreSessions.IsAnyRevokedAsync([own])).ShouldBeFalse();
        await Store.StoreSessions.RevokeAsync([own, Guid.NewGuid()]);
        (await Store.StoreSessions.IsAnyRevokedAsync([own])).ShouldBeTrue();
        (await Store.StoreSessions.IsAnyRevokedAsync([others])).ShouldBeFalse();
        (await Store.HeadLeases.FindAsync(set.Id)).ShouldBe(held with { DaemonId = null });
        var snapshot = Taken(set, sync, "s1", 300);
        Func<Task>[] writes =
        [
            () => kept.Heads.SetAsync(NewHead(sync, At(300))),
            () => kept.Heads.SetAsync(NewHead(sync, At(300)), snapshot),
            () => kept.Heads.CrossAsync(NewHead(sync, At(300)), new Seam(snapshot, [], null)),
            () => kept.Snapshots.AddAsync(snapshot),
            () => kept.Syncs.BuiltAsync(sync.Id, NewHead(sync, At(300))),
            () => kept.Clusters.AddPartAsync("cut", snapshot),
            () => kept.Deployments.SetStateAsync(set.Id, ReplicaSetState.Stopped),
        ];
        foreach (var write in writes)
        {
            await ShouldFailAsync(MetadataErrors.StoreSessionRevoked, write);
        }

        (await Store.ManifestsAsync())
            .ShouldHaveSingleItem()
            .ManifestBlock.ShouldBe(NewHead(sync, At(200)).ManifestBlock);
        (await Store.Heads.FindAsync(set.Id))!.Optime.ShouldBe(At(200));
        await ReopenAsync();
        kept = Store.Under(new HeadProof(set.Id, "a", held.Fence));
        await ShouldFailAsync(
            MetadataErrors.StoreSessionRevoked,
            () => Store.HeadLeases.GrantAsync(set.Id, "a", "run", held with { DaemonId = null }, [own])
        );
        (await Store.HeadLeases.FindAsync(set.Id)).ShouldBe(held with { DaemonId = null });

        // The store was opened again.
        var next = (
            await Store.HeadLeases.GrantAsync(set.Id, "a", "run", held with { DaemonId = null }, [Guid.NewGuid()])
        )!;
        await Store.Under(new HeadProof(set.Id, "a", next.Fence)).Heads.SetAsync(NewHead(sync, At(300)));
        // What began under the session before stays refused, and is told apart from what another daemon took.
        await ShouldFailAsync(MetadataErrors.HeadLeaseLost, () => kept.Heads.SetAsync(NewHead(sync, At(400))));
        (await Store.Heads.FindAsync(set.Id))!.Optime.ShouldBe(At(300));
    }

    [Fact]
    public async Task A_session_is_revoked_once_and_that_is_known_for_a_year()
    {
        var (first, second) = (Guid.NewGuid(), Guid.NewGuid());
        await Store.StoreSessions.RevokeAsync([first]);
        var before = Store.ChangeCount;
        await Store.StoreSessions.RevokeAsync([first]);
        Store.ChangeCount.ShouldBe(before, "nothing was changed");
        Time.Advance(TimeSpan.FromDays(365));
        await Store.StoreSessions.RevokeAsync([second]);
        (await Store.StoreSessions.IsAnyRevokedAsync([first])).ShouldBeTrue();
        Time.Advance(TimeSpan.FromDays(2));
        await Store.StoreSessions.RevokeAsync([second]);
        (await Store.StoreSessions.IsAnyRevokedAsync([first])).ShouldBeFalse();
        (await Store.StoreSessions.IsAnyRevokedAsync([first, second])).ShouldBeTrue();
    }

    [Fact]
    public async Task Leases_under_other_sessions_and_without_any_are_left_alone()
    {
        var first = await ReplicaSetAsync();
        var second = await ReplicaSetAsync("5f0000000000000000000002");
        var one = await Store.HeadLeases.GrantAsync(first.Id, "a", "run", null);
        var other = await Store.HeadLeases.GrantAsync(second.Id, "a", "run", null, [Guid.NewGuid()]);
        await Store.StoreSessions.RevokeAsync([Guid.NewGuid()]);
        (await Store.HeadLeases.ListAsync()).ShouldBe([one!, other!], ignoreOrder: true);
    }

    /// <summary>What decides is the order of commits: whoever lists references after the revocation sees all that was, and nothing comes after.</summary>
    [Fact]
    public async Task A_commit_that_races_a_revocation_is_seen_by_who_lists_after_it_or_refused()
    {
        const int Rounds = 60;
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set);
        await Store.Syncs.CopiedAsync(sync.Id, At(200));
        await Store.Syncs.BuiltAsync(sync.Id, NewHead(sync, At(200)));
        var (committed, refused) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var session = Guid.NewGuid();
            var seen = await Store.HeadLeases.FindAsync(set.Id);
            var held = (await Store.HeadLeases.GrantAsync(set.Id, "a", "run", seen, [session]))!;
            var kept = Store.Under(new HeadProof(set.Id, "a", held.Fence));
            using var begun = new SemaphoreSlim(0);
            var writing = Task.Run(async () =>
            {
                var last = "";
                try
                {
                    for (var n = 0; ; n++)
                    {
                        var manifest = $"{round:x8}{n:x8}".PadLeft(64, 'e');
                        await kept.Heads.SetAsync(NewHead(sync, At(300)) with { ManifestBlock = manifest });
                        last = manifest;
                        begun.Release();
                    }
                }
                catch (BackupException failure) when (failure.Number == MetadataErrors.StoreSessionRevoked)
                {
                    return last;
                }
            });
            for (var n = 0; n < round % 3; n++)
            {
                await begun.WaitAsync();
            }

            await Store.StoreSessions.RevokeAsync([session]);
            var listed = (await Store.ManifestsAsync()).Select(static one => one.ManifestBlock).ToHashSet();
            var last = await writing;
            if (last.Length > 0)
            {
                listed.ShouldContain(last);
                committed++;
            }
            else
            {
                refused++;
            }

            (await Store.Heads.FindAsync(set.Id))!.ManifestBlock.ShouldBeOneOf([.. listed]);
        }

        (committed + refused).ShouldBe(Rounds);
        committed.ShouldBeGreaterThan(Rounds / 2, "most were written to before they were revoked");
    }

    [Fact]
    public async Task A_grant_that_races_a_revocation_is_over_with_it_or_refused()
    {
        var set = await ReplicaSetAsync();
        for (var round = 0; round < 40; round++)
        {
            var session = Guid.NewGuid();
            var seen = await Store.HeadLeases.FindAsync(set.Id);
            var granting = Store.HeadLeases.GrantAsync(set.Id, "a", "run", seen, [session]);
            await Store.StoreSessions.RevokeAsync([session]);
            try
            {
                (await granting).ShouldNotBeNull();
            }
            catch (BackupException failure)
            {
                failure.Number.ShouldBe(MetadataErrors.StoreSessionRevoked);
            }

            var left = await Store.HeadLeases.FindAsync(set.Id);
            left?.DaemonId.ShouldBeNull();
        }
    }
}
