using System.Security.Cryptography.X509Certificates;

namespace Backup.Agent.Configuration;

/// <summary>
/// What this agent proves itself with now. A change is durable before anybody sees it: what was sent once must be there after a crash.
/// Thread-safe.
/// </summary>
internal sealed class AgentCredentials : IDisposable
{
    private readonly Lock _lock = new();
    private readonly string? _folder;
    private volatile State _state;

    /// <param name="identity">As it was loaded or just made.</param>
    /// <param name="folder">Where it is kept; null: nowhere, changes are lost with this process.</param>
    /// <param name="server">Where the server is now, if elsewhere than at the enrolment.</param>
    public AgentCredentials(AgentIdentity identity, string? folder = null, System.Uri? server = null)
    {
        _folder = folder;
        _state = new State(identity, identity.LoadCertificate());
        Server = server ?? identity.ServerUri;
    }

    /// <summary>Reads the folder of an enrolled agent.</summary>
    /// <exception cref="Foundation.Errors.BackupException">7004 not enrolled, 7006 damaged.</exception>
    public static AgentCredentials Open(string folder, System.Uri? server = null) =>
        new(AgentIdentity.Load(folder), folder, server);

    public System.Uri Server { get; }

    public AgentIdentity Identity => _state.Identity;

    /// <summary>Null where there is none.</summary>
    public X509Certificate2? Certificate => _state.Certificate;

    /// <summary>The server asks for another key.</summary>
    public bool RotationWanted { get; set; }

    /// <summary>
    /// Takes the right to change what is stored, which no other process of this agent has meanwhile, and what is stored now: an older
    /// key written over a newer one would lock the agent out.
    /// </summary>
    /// <exception cref="Foundation.Errors.BackupException">7006 damaged, 7020 another process has it.</exception>
    public async Task<Hold> HoldAsync(CancellationToken cancellation)
    {
        var held = _folder is null ? null : await AgentIdentity.LockAsync(_folder, cancellation);
        try
        {
            if (_folder is not null)
            {
                Use(AgentIdentity.Load(_folder));
            }

            return new Hold(this, held);
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }

    /// <summary>Takes over what another process of this agent stored. True where the key is another one than <paramref name="refused"/>.</summary>
    public bool Reload(string refused)
    {
        lock (_lock)
        {
            if (_state.Identity.ApiKey == refused && _folder is not null)
            {
                var stored = AgentIdentity.Load(_folder);
                if (stored.AgentId == _state.Identity.AgentId)
                {
                    Use(stored);
                }
            }

            return _state.Identity.ApiKey != refused;
        }
    }

    public void Dispose() => _state.Certificate?.Dispose();

    private void Use(AgentIdentity identity)
    {
        lock (_lock)
        {
            if (identity != _state.Identity)
            {
                _state = new State(identity, identity.LoadCertificate());
            }
        }
    }

    /// <summary>The right to change what is stored, until it is disposed.</summary>
    internal sealed class Hold(AgentCredentials owner, IDisposable? held) : IDisposable
    {
        /// <summary>Stores a change, durably, then uses it.</summary>
        /// <exception cref="Foundation.Errors.BackupException">1003, 1004: nothing has changed.</exception>
        public void Change(Func<AgentIdentity, AgentIdentity> change)
        {
            var changed = change(owner.Identity);
            if (owner._folder is { } folder)
            {
                changed.Save(folder);
            }

            owner.Use(changed);
        }

        public void Dispose() => held?.Dispose();
    }

    /// <summary>Both change together. A certificate that was replaced is left to the collector: a connection may be using it.</summary>
    private sealed record State(AgentIdentity Identity, X509Certificate2? Certificate);
}
