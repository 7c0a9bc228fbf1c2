namespace Backup.Tests.Daemon;

/// <summary>What a <see cref="SourceModel"/> does, on its way to a daemon.</summary>
internal static class ModelShipping
{
    /// <summary>Random operations; what they leave in the oplog is shipped in pieces of random length, the last of it not yet.</summary>
    internal static async Task WriteAsync(DaemonFixture daemon, SourceModel model, Random random, int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            model.Step();
            if (random.Next(4) == 0)
            {
                await ShipAsync(daemon, model);
            }
        }
    }

    /// <summary>What the oplog has and was not shipped yet.</summary>
    internal static async Task ShipAsync(DaemonFixture daemon, SourceModel model)
    {
        if (model.HasEntries)
        {
            await daemon.Source.ShipAsync(model.TakeEntries());
        }
    }
}
