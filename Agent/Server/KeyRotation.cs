using Backup.Agent.Configuration;
using Backup.Foundation.Errors;

namespace Backup.Agent.Server;

/// <summary>
/// Replaces the API key: asked for with the old one, stored, confirmed with the new one, adopted. Killed at any line, the agent still has a key
/// that is valid:
/// <list type="bullet">
/// <item>before the new one is stored, the old one is; a new key that nobody stored is forgotten by the server when another is asked for;</item>
/// <item>after it is stored and before it is adopted, both stand in <c>agent.json</c>, and <see cref="ResumeAsync"/> finds out which of them is
/// valid by confirming again, which changes nothing where it was confirmed already.</item>
/// </list>
/// </summary>
internal sealed class KeyRotation(AgentCredentials credentials, ServerClient server)
{
    /// <summary>A rotation that was begun has to be ended before anything is asked with the old key.</summary>
    public bool IsBegun => credentials.Identity.NextApiKey is not null;

    /// <exception cref="BackupException">What the server refuses, or 1003, 1004: the old key stays the one in use.</exception>
    public async Task RotateAsync(CancellationToken cancellation)
    {
        using var hold = await credentials.HoldAsync(cancellation);
        if (!IsBegun)
        {
            var next = await server.NextKeyAsync(credentials.Identity.ApiKey, cancellation);
            hold.Change(identity => identity with { NextApiKey = next.ApiKey });
        }

        await ConfirmAsync(hold, cancellation);
    }

    /// <summary>Ends a rotation whose new key is stored; nothing happens where there is none.</summary>
    /// <exception cref="BackupException">The server does not answer, or not to this agent: both keys are kept.</exception>
    public async Task ResumeAsync(CancellationToken cancellation)
    {
        if (!IsBegun)
        {
            return;
        }

        using var hold = await credentials.HoldAsync(cancellation);
        if (IsBegun)
        {
            await ConfirmAsync(hold, cancellation);
        }
    }

    private async Task ConfirmAsync(AgentCredentials.Hold hold, CancellationToken cancellation)
    {
        var next = credentials.Identity.NextApiKey!;
        try
        {
            await server.ConfirmKeyAsync(next, cancellation);
        }
        catch (BackupException refused) when (refused.Number == UnknownKey)
        {
            // Somebody with a copy of this identity asked for another one since: the server has forgotten this one.
            hold.Change(identity => identity with { NextApiKey = null });
            return;
        }

        hold.Change(identity => identity with { ApiKey = next, NextApiKey = null });
    }

    /// <summary>The server's 8001: it knows no such key.</summary>
    private const int UnknownKey = 8001;
}
