namespace Backup.WebUI.Access;

/// <summary>What somebody may do in a group. A role is a set of these.</summary>
[Flags]
public enum Permission
{
    None = 0,

    /// <summary>Status, snapshots, ranges, policies, jobs, hosts, alerts.</summary>
    See = 1,

    /// <summary>Snapshot now, pause and go on, resync, copy, cancel, acknowledge.</summary>
    Operate = 2,

    /// <summary>Take data out: links, pushes, into MongoDB.</summary>
    Restore = 4,

    /// <summary>Policies, namespaces, deployments, agents, SSH keys and targets; pin, expire, delete.</summary>
    Configure = 8,

    /// <summary>Members, invitations, API tokens, the group itself.</summary>
    People = 16,

    /// <summary>Read who did what.</summary>
    Audit = 32,
}

/// <summary>What permissions are called in the API.</summary>
public static class PermissionNames
{
    /// <summary>Each that is in the set, in the order of the table.</summary>
    public static IReadOnlyList<string> Of(Permission set) =>
        [.. Enum.GetValues<Permission>().Where(one => one != Permission.None && set.HasFlag(one)).Select(Of1)];

    private static string Of1(Permission one) => one.ToString().ToLowerInvariant();
}
