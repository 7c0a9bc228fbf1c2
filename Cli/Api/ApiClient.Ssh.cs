using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>SSH keys and targets, of the caller's home.</content>
internal sealed partial class ApiClient
{
    internal async Task<IReadOnlyList<SshKeyView>> SshKeysAsync(CancellationToken cancellation) =>
        await ListAsync<SshKeyView>(await SshAsync("keys", cancellation), cancellation);

    internal async Task<SshKeyView> CreateSshKeyAsync(string name, CancellationToken cancellation) =>
        await PostAsync<SshKeyRequest, SshKeyView>(
            await SshAsync("keys", cancellation),
            new SshKeyRequest(name),
            cancellation
        );

    internal async Task<SshKeyView> RemoveSshKeyAsync(string name, CancellationToken cancellation) =>
        await DeleteAsync<SshKeyView>(await SshAsync($"keys/{Uri.EscapeDataString(name)}", cancellation), cancellation);

    /// <summary>What a host shows now.</summary>
    internal async Task<IReadOnlyList<SshHostKeyView>> SshHostKeysAsync(
        string address,
        CancellationToken cancellation
    ) =>
        await GetAsync<IReadOnlyList<SshHostKeyView>>(
            await SshAsync($"host-keys?address={Uri.EscapeDataString(address)}", cancellation),
            cancellation
        );

    internal async Task<IReadOnlyList<SshTargetView>> SshTargetsAsync(CancellationToken cancellation) =>
        await ListAsync<SshTargetView>(await SshAsync("targets", cancellation), cancellation);

    internal async Task<SshTargetView> AddSshTargetAsync(SshTargetRequest target, CancellationToken cancellation) =>
        await PostAsync<SshTargetRequest, SshTargetView>(await SshAsync("targets", cancellation), target, cancellation);

    internal async Task<SshTargetView> RemoveSshTargetAsync(string name, CancellationToken cancellation) =>
        await DeleteAsync<SshTargetView>(
            await SshAsync($"targets/{Uri.EscapeDataString(name)}", cancellation),
            cancellation
        );

    /// <summary>Step by step.</summary>
    internal async Task<IReadOnlyList<SshCheckView>> TestSshTargetAsync(string name, CancellationToken cancellation) =>
        await PostAsync<IReadOnlyList<SshCheckView>>(
            await SshAsync($"targets/{Uri.EscapeDataString(name)}/test", cancellation),
            cancellation
        );

    private async Task<string> SshAsync(string rest, CancellationToken cancellation) =>
        $"{await HomeAsync(cancellation)}/ssh/{rest}";
}
