using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task A_lease_is_granted_to_one_of_many_and_each_grant_has_the_next_fence()
    {
        var deployment = await DeploymentAsync();
        (await Store.Leases.FindAsync(deployment.Id)).ShouldBeNull();
        var grants = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(n => Store.Leases.GrantAsync(deployment.Id, $"a{n}", "run", seen: null))
        );
        var first = grants.OfType<AgentLease>().ShouldHaveSingleItem();
        (first.Fence, first.Renewals, first.GrantedAt).ShouldBe((1, 0, Time.GetUtcNow()));
        await ReopenAsync();
        (await Store.Leases.FindAsync(deployment.Id)).ShouldBe(first);

        Time.Advance(TimeSpan.FromSeconds(3));
        var renewed = (await Store.Leases.RenewAsync(first)).ShouldNotBeNull();
        renewed.ShouldBe(first with { Renewals = 1, RenewedAt = Time.GetUtcNow() });
        (await Store.Leases.GrantAsync(deployment.Id, "b", "run", first)).ShouldBeNull("it was renewed since");
        var second = (await Store.Leases.GrantAsync(deployment.Id, "b", "run", renewed)).ShouldNotBeNull();
        (second.Fence, second.AgentId, second.Renewals).ShouldBe((2, "b", 0));

        (await Store.Leases.RenewAsync(renewed)).ShouldBeNull();
        (await Store.Leases.ReleaseAsync(renewed)).ShouldBeFalse();
        (await Store.Leases.ListAsync()).ShouldBe([second]);
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Leases.GrantAsync("none", "a", "run", null));
    }

    [Fact]
    public async Task A_lease_given_back_is_nobodys_and_its_fence_is_never_used_again()
    {
        var deployment = await DeploymentAsync();
        var held = (await Store.Leases.GrantAsync(deployment.Id, "a", "run", null))!;
        (await Store.Leases.ReleaseAsync(held)).ShouldBeTrue();
        (await Store.Leases.ReleaseAsync(held)).ShouldBeFalse();
        (await Store.Leases.RenewAsync(held)).ShouldBeNull();
        var free = (await Store.Leases.FindAsync(deployment.Id))!;
        free.AgentId.ShouldBeNull();
        (await Store.Leases.GrantAsync(deployment.Id, "a", "run", free))!.Fence.ShouldBe(2);
    }

    [Fact]
    public async Task What_an_agent_still_sends_is_nobodys_once_it_is_revoked()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        var revoked = await AgentAsync(key: 9);
        var held = (await Store.Leases.GrantAsync(set.DeploymentId, revoked.Id, "run", null))!;
        var under = Store.Under(new LeaseProof(set.DeploymentId, revoked.Id, held.Fence));
        (await under.OplogSlices.AddAsync(NewOplog(sync, 0, At(100), At(110)))).ShouldBeTrue();

        await Store.Access.RevokeAgentAsync(revoked.Id);
        await ShouldFailAsync(
            MetadataErrors.LeaseLost,
            () => under.OplogSlices.AddAsync(NewOplog(sync, 1, At(110), At(120)))
        );
        (await Store.Leases.FindAsync(set.DeploymentId))!.AgentId.ShouldBeNull();
    }

    [Fact]
    public async Task Nothing_is_written_under_a_lease_that_is_over()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders, Items);
        var old = (await Store.Leases.GrantAsync(set.DeploymentId, "a", "run", null))!;
        var before = Store.Under(new LeaseProof(set.DeploymentId, "a", old.Fence));
        (await before.OplogSlices.AddAsync(NewOplog(sync, 0, At(100), At(110)))).ShouldBeTrue();
        (await before.Syncs.AddSliceAsync(NewSlice(sync.Id, Orders, 0), [7])).ShouldBeTrue();

        var next = (await Store.Leases.GrantAsync(set.DeploymentId, "b", "run", old))!;

        var stored = await StoredAsync();
        Func<Task>[] writes =
        [
            () => before.OplogSlices.AddAsync(NewOplog(sync, 1, At(110), At(120))),
            () => before.OplogSlices.AddHoleAsync(new(set.Id, At(110), At(120), "x", Time.GetUtcNow())),
            () => before.Syncs.AddSliceAsync(NewSlice(sync.Id, Orders, 1), [8]),
            () => before.Syncs.ResetCollectionAsync(sync.Id, Orders, 0),
            () => before.Syncs.CollectionDoneAsync(sync.Id, Items, 0),
            () => before.Syncs.CopiedAsync(sync.Id, At(200)),
            () => before.Syncs.BeginAsync(sync with { Id = "other" }, [1], []),
            () => before.Deployments.SetStateAsync(set.Id, ReplicaSetState.Stopped),
            () => before.Deployments.SetSourceOptimeAsync(set.Id, At(500)),
            () => before.Deployments.EnsureReplicaSetAsync(set with { MongoVersion = "9.0.0" }),
        ];
        foreach (var write in writes)
        {
            await ShouldFailAsync(MetadataErrors.LeaseLost, write);
        }

        (await StoredAsync()).ShouldBe(stored);
        (await before.OplogSlices.NewestAsync(sync.Id))!.Sequence.ShouldBe(0);

        // Neither another agent with that number, nor the right one after it was given back.
        var thief = Store.Under(new LeaseProof(set.DeploymentId, "a", next.Fence));
        await ShouldFailAsync(MetadataErrors.LeaseLost, writesOf(thief));
        var holder = Store.Under(new LeaseProof(set.DeploymentId, "b", next.Fence));
        await writesOf(holder)();
        await Store.Leases.ReleaseAsync(next);
        await ShouldFailAsync(MetadataErrors.LeaseLost, writesOf(holder));

        Func<Task> writesOf(IMetadataStore view) => () => view.Deployments.SetSourceOptimeAsync(set.Id, At(501));

        async Task<string> StoredAsync() =>
            string.Join(
                '\n',
                [
                    .. await Store.Syncs.ListAsync(set.Id),
                    .. (await Store.Syncs.CollectionsAsync(sync.Id)).Select(one => one with { LastId = null }),
                    .. await Store.Deployments.ReplicaSetsAsync(),
                    .. await Store.OplogSlices.HolesAsync(set.Id),
                    $"{(await Store.OplogSlices.AfterAsync(sync.Id, Backup.Foundation.Optime.Zero, 10)).Count}",
                ]
            );
    }

    [Fact]
    public async Task Of_many_that_write_while_the_lease_changes_hands_none_writes_after_it()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set);
        var old = (await Store.Leases.GrantAsync(set.DeploymentId, "a", "run", null))!;
        var view = Store.Under(new LeaseProof(set.DeploymentId, "a", old.Fence));
        using var started = new SemaphoreSlim(0);
        var writer = Task.Run(async () =>
        {
            for (var sequence = 0; ; sequence++)
            {
                try
                {
                    var previous = At(100 + (uint)sequence);
                    await view.OplogSlices.AddAsync(
                        NewOplog(sync, sequence, previous, At(100 + (uint)sequence + (sequence == 0 ? 0u : 1u)))
                    );
                    started.Release();
                }
                catch (Backup.Foundation.Errors.BackupException over)
                {
                    return over.Number;
                }
            }
        });
        await started.WaitAsync();
        await Store.Leases.GrantAsync(set.DeploymentId, "b", "run", old);
        var newest = (await Store.OplogSlices.NewestAsync(sync.Id))!.Sequence;
        (await writer).ShouldBe(MetadataErrors.LeaseLost);
        (await Store.OplogSlices.NewestAsync(sync.Id))!.Sequence.ShouldBe(newest);
    }

    [Fact]
    public async Task Every_agent_of_a_deployment_has_its_own_report()
    {
        var deployment = await DeploymentAsync();
        var one = new AgentReport(deployment.Id, "a1", "tailing", null, null, null, Time.GetUtcNow());
        var other = one with { AgentId = "a2", Phase = "standing by" };
        await Store.Deployments.SetAgentReportAsync(one);
        await Store.Deployments.SetAgentReportAsync(other);
        (await Store.Deployments.AgentReportsAsync()).ShouldBe([one, other], ignoreOrder: true);
    }

    [Fact]
    public async Task A_deployment_that_is_removed_takes_no_writes_of_agents_and_keeps_what_it_has()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set);
        var held = (await Store.Leases.GrantAsync(set.DeploymentId, "a", "run", null))!;
        await Store.Deployments.RemoveAsync(set.DeploymentId);
        var removed = (await Store.Deployments.ListAsync()).ShouldHaveSingleItem();
        (removed.IsProtected, removed.RemovedAt).ShouldBe((false, Time.GetUtcNow()));
        var view = Store.Under(new LeaseProof(set.DeploymentId, "a", held.Fence));
        await ShouldFailAsync(
            MetadataErrors.LeaseLost,
            () => view.OplogSlices.AddAsync(NewOplog(sync, 0, At(100), At(110)))
        );
        Time.Advance(TimeSpan.FromHours(1));
        await Store.Deployments.RemoveAsync(set.DeploymentId);
        (await Store.Deployments.ListAsync()).ShouldBe([removed]);
        (await Store.Syncs.FindAsync(sync.Id)).ShouldNotBeNull();
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Deployments.RemoveAsync("none"));

        (await DeploymentAsync()).ShouldBe(removed with { RemovedAt = null });
    }
}
