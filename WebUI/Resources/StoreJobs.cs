using System.Text.Json;
using System.Text.Json.Nodes;
using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;

namespace Backup.WebUI.Resources;

/// <summary>
/// Jobs that work on the block store, which belongs to all groups: each group sees that they are done. Who asked, what was told meanwhile and whose snapshots a damage
/// hits is for who asked and for administrators of the appliance, and so is ending them or trying them again. A move is that of its group.
/// </summary>
internal static class StoreJobs
{
    /// <summary>Of results: what names things of any group.</summary>
    private static readonly string[] Names = ["hit", "first"];

    /// <summary>Whether those of the group may know of it; true of what is no such job.</summary>
    public static bool IsSeenBy(JobRecord job, string group) => GroupOf(job) is not { } other || other == group;

    /// <summary>Whether the caller may know all of it, and end it; true of what is no such job, and of a move of the caller's group.</summary>
    public static bool IsOf(JobRecord job, Caller caller) =>
        job.ReplicaSetId != JobSubjects.Store
        || caller.IsOfAppliance
        || job.AskedBy == caller.Name
        || GroupOf(job) is not null;

    /// <summary>What is left of it for anybody else.</summary>
    public static JobView Bare(JobView view) => view with { AskedBy = null, Result = Bare(view.Result) };

    private static JsonElement? Bare(JsonElement? result)
    {
        if (result is not { ValueKind: JsonValueKind.Object } whole)
        {
            return result;
        }

        var left = JsonObject.Create(whole)!;
        foreach (var name in Names)
        {
            _ = left.Remove(name);
        }

        return JsonSerializer.SerializeToElement(left);
    }

    /// <summary>The group that it works for; null: all of them.</summary>
    private static string? GroupOf(JobRecord job)
    {
        if (job.ReplicaSetId != JobSubjects.Store)
        {
            return null;
        }

        using var arguments = JsonDocument.Parse(job.Arguments);
        return arguments.RootElement.TryGetProperty("groupId", out var group) ? group.GetString() : null;
    }
}
