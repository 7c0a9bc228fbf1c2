using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>Snapshots of a deployment, the moments between them, and the policy that both follow.</summary>
internal sealed class SnapshotRoutes(GroupThings things, ApiDesks desks) : IApiPart
{
    private const string One = "/groups/{group}/deployments/{deployment}";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet($"{One}/snapshots", ListAsync)
            .WithSummary(
                "Snapshots, newest first; ?all=true with a cluster's failed ones and checkpoints, and a shard's parts of the cluster's"
            )
            .Needs(Permission.See);
        api.MapPost($"{One}/snapshots", TakeAsync)
            .WithSummary("Take one now; ?keep=SECONDS whatever the policy says")
            .Needs(Permission.Operate, "snapshot.take");
        api.MapGet($"{One}/snapshots/{{snapshot}}", ShowAsync).WithSummary("One snapshot").Needs(Permission.See);
        api.MapPost($"{One}/snapshots/{{snapshot}}/verify", VerifyAsync)
            .WithSummary("Read it back, whole")
            .Needs(Permission.Operate, "snapshot.verify");
        api.MapPatch($"{One}/snapshots/{{snapshot}}", ChangeAsync)
            .WithSummary("Pin it, unpin it, or give it an end of its own")
            .Needs(Permission.Configure, "snapshot.keep");
        api.MapGet($"{One}/snapshots/{{snapshot}}/deletion", PreviewDeletionAsync)
            .WithSummary("What would go with it: bytes, and moments that could no longer be restored")
            .Needs(Permission.See);
        api.MapDelete($"{One}/snapshots/{{snapshot}}", DeleteAsync)
            .WithSummary("Delete it; the only one with ?last=true alone")
            .Needs(Permission.Configure, "snapshot.delete", confirmed: true);
        api.MapGet($"{One}/ranges", RangesAsync)
            .WithSummary("Which moments can be restored, and why others cannot")
            .Needs(Permission.See);
        api.MapGet($"{One}/policy", PolicyAsync)
            .WithSummary("When snapshots are taken, and what is kept")
            .Needs(Permission.See);
        api.MapPatch($"{One}/policy", ChangePolicyAsync)
            .WithSummary("Change it; what is left out stays")
            .Needs(Permission.Configure, "policy.change");
        api.MapPost($"{One}/policy/preview", PreviewPolicyAsync)
            .WithSummary("What a change would do: the next runs, and what would expire")
            .Needs(Permission.See);
    }

    private async Task<PageOf<SnapshotEntryView>> ListAsync(
        string group,
        string deployment,
        HttpContext context,
        CancellationToken cancellation,
        bool all = false
    )
    {
        var subject = await things.SubjectAsync(group, deployment, cancellation);
        return Paging.Page(
            await SnapshotEntries.OfAsync(desks.Snapshots, subject, all, cancellation),
            SnapshotEntries.KeyOf,
            KeyOrder.Falling,
            context.Request.Query
        );
    }

    private async Task<Accepted<JobView>> TakeAsync(
        string group,
        string deployment,
        CancellationToken cancellation,
        long? keep = null
    )
    {
        var subject = await things.SubjectAsync(group, deployment, cancellation);
        var job = await desks.Snapshots.RequestSnapshotAsync(subject.Id, keep, cancellation);
        return TypedResults.Accepted(JobRoutes.PathOf(group, job.Id), job);
    }

    private async Task<SnapshotEntryView> ShowAsync(
        string group,
        string deployment,
        string snapshot,
        CancellationToken cancellation
    )
    {
        var subject = await things.SubjectAsync(group, deployment, cancellation);
        var all = await SnapshotEntries.OfAsync(desks.Snapshots, subject, all: true, cancellation);
        return all.FirstOrDefault(one => one.Id == snapshot)
            ?? throw WebUIErrors.Nothing("such snapshot of this deployment");
    }

    private async Task<Accepted<JobView>> VerifyAsync(
        string group,
        string deployment,
        string snapshot,
        CancellationToken cancellation
    )
    {
        var found = await ShowAsync(group, deployment, snapshot, cancellation);
        var job = await desks.Snapshots.RequestVerificationAsync(found.Id, cancellation);
        return TypedResults.Accepted(JobRoutes.PathOf(group, job.Id), job);
    }

    private async Task<SnapshotKeepingView> ChangeAsync(
        string group,
        string deployment,
        string snapshot,
        SnapshotChange change,
        CancellationToken cancellation
    )
    {
        var found = await ShowAsync(group, deployment, snapshot, cancellation);
        return await desks.Snapshots.ChangeKeepingAsync(found.Id, change, cancellation);
    }

    private async Task<DeletionView> PreviewDeletionAsync(
        string group,
        string deployment,
        string snapshot,
        CancellationToken cancellation
    )
    {
        var found = await ShowAsync(group, deployment, snapshot, cancellation);
        return await desks.Snapshots.PreviewDeletionAsync(found.Id, cancellation);
    }

    private async Task<DeletionView> DeleteAsync(
        string group,
        string deployment,
        string snapshot,
        CancellationToken cancellation,
        bool last = false
    )
    {
        var found = await ShowAsync(group, deployment, snapshot, cancellation);
        return await desks.Snapshots.DeleteAsync(found.Id, last, cancellation);
    }

    private async Task<PolicyPreviewView> PreviewPolicyAsync(
        string group,
        string deployment,
        PolicyChange change,
        CancellationToken cancellation
    ) =>
        await desks.Policies.PreviewAsync(
            (await things.SubjectAsync(group, deployment, cancellation)).Id,
            change,
            cancellation
        );

    private async Task<RangesView> RangesAsync(string group, string deployment, CancellationToken cancellation) =>
        await desks.Snapshots.RangesAsync(
            (await things.SubjectAsync(group, deployment, cancellation)).Id,
            cancellation
        );

    private async Task<PolicyView> PolicyAsync(string group, string deployment, CancellationToken cancellation) =>
        await desks.Policies.ReadAsync((await things.SubjectAsync(group, deployment, cancellation)).Id, cancellation);

    private async Task<PolicyView> ChangePolicyAsync(
        string group,
        string deployment,
        PolicyChange change,
        CancellationToken cancellation
    ) =>
        await desks.Policies.ChangeAsync(
            (await things.SubjectAsync(group, deployment, cancellation)).Id,
            change,
            cancellation
        );
}
