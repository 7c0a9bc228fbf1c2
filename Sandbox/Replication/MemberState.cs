namespace Backup.Sandbox.Replication;

/// <summary>What a member is, with the numbers of replSetGetStatus.</summary>
internal enum MemberState
{
    Primary = 1,
    Secondary = 2,
    Recovering = 3,

    /// <summary>It has started, and copies what the others have.</summary>
    Startup2 = 5,
    Arbiter = 7,

    /// <summary>Nobody reaches it.</summary>
    Down = 8,
    Rollback = 9,
    Removed = 10,
}

internal static class MemberStates
{
    /// <summary>As <c>stateStr</c>.</summary>
    public static string Text(this MemberState state) =>
        state == MemberState.Down ? "(not reachable/healthy)" : state.ToString().ToUpperInvariant();
}
