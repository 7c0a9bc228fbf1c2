using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

public sealed class AgentProcessTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TheAgentStopsAtOnceAndCleanly(bool bySignal)
    {
        await using var all = await Appliance.StartAsync();
        _ = all.Source.Insert("shop", "orders", Appliance.Document(1));
        await all.ProtectAsync(all.Source.ConnectionString);
        await using var agent = bySignal ? new AgentProcess(all) : new AgentProcess(all, "--stop-with-input");
        _ = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
        if (bySignal)
        {
            await agent.TerminateAsync();
        }
        else
        {
            agent.CloseInput();
        }

        (await agent.ExitAsync(TimeSpan.FromSeconds(5))).ShouldBe(0, agent.Log);
        agent.Log.ShouldContain("stopped");
        agent.Log.ShouldNotContain(" error ");
    }
}
