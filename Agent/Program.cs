return await Backup.Agent.Commands.AgentCommands.InvokeAsync(args);
