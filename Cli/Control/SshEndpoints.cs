using Backup.Cli.Appliance;
using Microsoft.AspNetCore.Builder;

namespace Backup.Cli.Control;

/// <summary>SSH keys and targets.</summary>
internal static class SshEndpoints
{
    internal static void Map(WebApplication application, SshOperations ssh)
    {
        application.MapGet(ControlRoutes.SshKeys, ssh.KeysAsync);
        application.MapPost(ControlRoutes.SshKeys, ssh.CreateKeyAsync);
        application.MapPost(ControlRoutes.RemoveSshKey, ssh.RemoveKeyAsync);
        application.MapGet(ControlRoutes.SshHostKeys, ssh.HostKeysAsync);
        application.MapGet(ControlRoutes.SshTargets, ssh.TargetsAsync);
        application.MapPost(ControlRoutes.SshTargets, ssh.AddTargetAsync);
        application.MapPost(ControlRoutes.RemoveSshTarget, ssh.RemoveTargetAsync);
        application.MapPost(ControlRoutes.TestSshTarget, ssh.TestAsync);
    }
}
