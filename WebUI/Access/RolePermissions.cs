using Backup.Metadata.People;

namespace Backup.WebUI.Access;

/// <summary>What each role may do in its group: the one table. docs/people.md shows it.</summary>
public static class RolePermissions
{
    public static Permission Of(GroupRole role) =>
        role switch
        {
            GroupRole.Viewer => Permission.See,
            GroupRole.Operator => Permission.See | Permission.Operate,
            GroupRole.Restorer => Permission.See | Permission.Restore,
            GroupRole.BackupAdministrator => Permission.See
                | Permission.Operate
                | Permission.Restore
                | Permission.Configure
                | Permission.Audit,
            GroupRole.Owner => Permission.See
                | Permission.Operate
                | Permission.Restore
                | Permission.Configure
                | Permission.People
                | Permission.Audit,
            // A number of a newer release opens nothing.
            _ => Permission.None,
        };
}
