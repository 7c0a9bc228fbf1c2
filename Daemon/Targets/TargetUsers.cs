using Backup.Snapshots.Exports;

namespace Backup.Daemon.Targets;

/// <summary>
/// Merges users and roles of the backup into the target's, as mongorestore does: into two collections beside, from which the server takes them
/// by itself (<c>_mergeAuthzCollections</c>). Users of the target that the backup has too become what they were; the others stay.
/// </summary>
internal sealed class TargetUsers(
    TargetCommands commands,
    RestoreTarget target,
    TargetOptions options,
    TimeProvider time
)
{
    private const string Admin = "admin";
    private const string Users = "system.users";
    private const string Roles = "system.roles";

    /// <summary>Whether it is restored here and not like any other collection.</summary>
    internal static bool IsUserData(ExportItem item) =>
        item is { Database: Admin, DataName: Users or Roles or "system.version" };

    /// <returns>How many users and roles; 0 where the content has none.</returns>
    /// <exception cref="Foundation.Errors.BackupException">9031 where the target refuses it.</exception>
    internal async Task<long> MergeAsync(ExportContent content, CancellationToken cancellation)
    {
        var beside = new Dictionary<string, string>(StringComparer.Ordinal);
        var merged = 0L;
        var suffix = Guid.NewGuid().ToString("N")[..8];
        try
        {
            foreach (
                var item in content.Items.Where(static one => one is { Database: Admin, DataName: Users or Roles })
            )
            {
                var name = $"backup_restore_{item.DataName![7..]}_{suffix}";
                beside.Add(item.DataName!, name);
                await using var cursor = item.Open();
                merged += await new DocumentLoader(target, options.Parallelism, time).LoadAsync(
                    Admin,
                    name,
                    cursor,
                    inOrder: false,
                    static (_, _) => { },
                    cancellation
                );
            }

            if (merged > 0)
            {
                await commands.RunAsync(
                    "merging users and roles",
                    Admin,
                    w =>
                        w.Int32("_mergeAuthzCollections"u8, 1)
                            .String("tempUsersCollection"u8, Temporary(Users))
                            .String("tempRolesCollection"u8, Temporary(Roles))
                            .Boolean("drop"u8, false)
                            .String("db"u8, "")
                            .BeginDocument("writeConcern"u8)
                            .String("w"u8, "majority")
                            .EndDocument(),
                    cancellation
                );
            }

            return merged;
        }
        finally
        {
            foreach (var name in beside.Values)
            {
                // Hashes of passwords are not left lying about, whatever went wrong.
                await commands.DropAsync(Admin, name, CancellationToken.None);
            }
        }

        string Temporary(string collection) => beside.TryGetValue(collection, out var name) ? $"{Admin}.{name}" : "";
    }
}
