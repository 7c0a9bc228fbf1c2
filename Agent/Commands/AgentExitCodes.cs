namespace Backup.Agent.Commands;

/// <summary>What the process answers; a contract with scripts and with whoever keeps it running.</summary>
internal static class AgentExitCodes
{
    public const int Ok = 0;

    /// <summary>A numbered error, or something that cannot be backed up.</summary>
    public const int Failed = 1;

    public const int Usage = 2;

    /// <summary>Of <c>status</c>: no agent runs on the folder.</summary>
    public const int NotRunning = 3;

    /// <summary>Of <c>run</c>: another program is in the place of this one, start it. As in sysexits.h (EX_TEMPFAIL).</summary>
    public const int StartAgain = 75;
}
