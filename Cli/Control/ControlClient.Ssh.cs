using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

internal sealed partial class ControlClient
{
    internal Task<IReadOnlyList<SshKeyView>> SshKeysAsync(CancellationToken cancellation) =>
        GetAsync<IReadOnlyList<SshKeyView>>(ControlRoutes.SshKeys, cancellation);

    internal Task<SshKeyView> CreateSshKeyAsync(string name, CancellationToken cancellation) =>
        PostAsync<SshKeyRequest, SshKeyView>(ControlRoutes.SshKeys, new SshKeyRequest(name), cancellation);

    internal Task<SshKeyView> RemoveSshKeyAsync(string name, CancellationToken cancellation) =>
        PostAsync<SshKeyView>(ControlRoutes.Fill(ControlRoutes.RemoveSshKey, name), cancellation);

    /// <summary>What a host shows now.</summary>
    internal Task<IReadOnlyList<SshHostKeyView>> SshHostKeysAsync(string address, CancellationToken cancellation) =>
        GetAsync<IReadOnlyList<SshHostKeyView>>(
            $"{ControlRoutes.SshHostKeys}?{ControlRoutes.AddressParameter}={Uri.EscapeDataString(address)}",
            cancellation
        );

    internal Task<IReadOnlyList<SshTargetView>> SshTargetsAsync(CancellationToken cancellation) =>
        GetAsync<IReadOnlyList<SshTargetView>>(ControlRoutes.SshTargets, cancellation);

    internal Task<SshTargetView> AddSshTargetAsync(SshTargetRequest target, CancellationToken cancellation) =>
        PostAsync<SshTargetRequest, SshTargetView>(ControlRoutes.SshTargets, target, cancellation);

    internal Task<SshTargetView> RemoveSshTargetAsync(string name, CancellationToken cancellation) =>
        PostAsync<SshTargetView>(ControlRoutes.Fill(ControlRoutes.RemoveSshTarget, name), cancellation);

    /// <summary>Step by step.</summary>
    internal Task<IReadOnlyList<SshCheckView>> TestSshTargetAsync(string name, CancellationToken cancellation) =>
        PostAsync<IReadOnlyList<SshCheckView>>(ControlRoutes.Fill(ControlRoutes.TestSshTarget, name), cancellation);
}
