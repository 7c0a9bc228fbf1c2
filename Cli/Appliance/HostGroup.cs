using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>The group that the commands of the appliance's own host work for: made with the appliance; it may be called otherwise later.</summary>
internal static class HostGroup
{
    private const string FirstName = "default";
    private const string Setting = "host-group";

    internal static async Task<string> IdAsync(IMetadataStore metadata, CancellationToken cancellation) =>
        await metadata.Settings.FindAsync(Setting, cancellation)
        ?? await metadata.Settings.EnsureAsync(
            Setting,
            (await metadata.Access.EnsureGroupAsync(FirstName, cancellation)).Id,
            cancellation
        );
}
